"""What a proposal would have released is told in numbers of cells, and changes nothing."""

import collections

import pytest

from replay.commons import Commons
from rulebook import TIGHTER, Rules, homes


@pytest.fixture(name="rules", scope="module")
def rules_of_a_gateway(programs):
    with Commons(programs, homes(11), which=(0,)) as commons:
        commons.start()
        commons.feed()
        rules = Rules(commons)
        rules.advance(5)
        yield rules


def simulated(rules, path):
    rows = rules.gateway.json("policy", "simulate", f"{path}.dsse")
    told = {(row["rule"], row["week"]): (row["released"], row["suppressed"], row["refused"])
            for row in rows}
    measured = {rule: numbers for (rule, week), numbers in told.items() if week == "2013-W03"}
    assert {week for _, week in told} == {"2012-W51", "2012-W52", "2013-W01", "2013-W02", "2013-W03"}
    assert all(numbers == (0, 0, 0) for (_, week), numbers in told.items() if week != "2013-W03")
    return measured


def cells(rules):
    return rules.gateway.json("cell", "list")


def test_the_rules_in_force_would_have_released_what_they_did(rules):
    decided = collections.Counter((cell["rule"], cell["status"]) for cell in cells(rules)
                                  if cell["status"] != "pending")
    assert decided[("load-hourly", "released")] == 24
    told = simulated(rules, rules.next_version("policy", ("keep: P30D", "keep: P40D")))
    for rule in ("load-hourly", "load-daily"):
        assert told[rule] == (decided[(rule, "released")], decided[(rule, "suppressed")], 0)


def test_a_limit_that_eleven_homes_do_not_reach_would_have_released_nothing(rules):
    before = cells(rules)
    told = simulated(rules, rules.next_version("policy", TIGHTER))
    assert (told["load-hourly"], told["load-daily"]) == ((0, 24, 0), (0, 1, 0))
    assert cells(rules) == before


def test_what_lint_refuses_is_refused_however_many_homes_there_are(rules):
    told = simulated(rules, rules.next_version("policy", ("k_min: 10", "k_min: 4")))
    assert told["load-hourly"] == (0, 0, 24)


def test_it_needs_a_stewards_signature(rules):
    unsigned = rules.next_version("policy", ("keep: P30D", "keep: P41D"))
    stranger = rules.commons.folder / "stranger"
    rules.gateway.cli("resident", "keygen", "--out", stranger)
    rules.gateway.cli("policy", "sign", unsigned, "--key", stranger, "--out", f"{unsigned}.other")
    assert "signed by nobody of the charter's policy role" in rules.refused("policy", "simulate", f"{unsigned}.other")
