"""The second evaluator, held to what one reads in the documents, and the gateway's to the second."""

import collections
import json
import os
import pathlib
import subprocess

import pytest

import policy

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODES = ("BAD_REQUEST", "EXPIRED_RULE", "FLOOR", "FORBIDDEN", "GRANULARITY", "NOT_COLLECTED",
         "NOT_KEPT", "NOT_PERMITTED", "NO_CONSENT", "NO_DUTY", "OK", "POLICY_UNAVAILABLE",
         "PURPOSE_REQUIRED", "TOO_EARLY", "UNKNOWN_PARTY", "UNKNOWN_PURPOSE")
NOW = policy.moment("2026-06-01T00:00:00Z")
HOUR = policy.duration("PT1H")


def commons(**lists):
    rules = {
        "activates": "2026-01-01T00:00:00Z", "expires": "2027-01-01T00:00:00Z",
        "zone_levels": ["block", "quarter"],
        "metrics": [{"id": "load", "resolution": "0.5", "sensitivity": "household",
                     "unit_of_privacy": "household"}],
        "purposes": [{"id": "stats", "iri": "s"}, {"id": "police", "iri": "p", "group": "coercive"}],
        "share": [{"id": "hourly", "metric": "load", "stats": ["sum", "mean"], "bucket": "PT1H",
                   "zone": "quarter", "purpose": "stats", "to": ["city"], "age_min": "P1D",
                   "k_min": "10", "top1_max_pct": "30", "round_to": "5"}], **lists}
    charter = {"expires": "2028-01-01T00:00:00Z", "grace": "P7D",
               "floors": {"k_min": "5", "age_min": "PT1H", "top1_max_pct": "40"}}
    roster = {"expires": "2028-01-01T00:00:00Z", "parties": [{"id": "city"}, {"id": "press"}]}
    return policy.Documents(charter, rules, roster)


def ask(documents=None, now=NOW, **changed):
    request = {"action": "release", "party": "city", "purpose": "stats", "metric": "load",
               "stat": "sum", "zone": "quarter", "bucket": HOUR, "age": 24 * HOUR, "adults": [],
               "since": 0, "profile": "", "tier": "raw", "rule": "", **changed}
    found = policy.evaluate(documents or commons(), request, now)
    return " ".join([found["code"], *found["rules"]])


@pytest.mark.parametrize("changed, want", [
    ({}, "OK hourly"), ({"age": 24 * HOUR - 1}, "TOO_EARLY hourly"),
    ({"bucket": HOUR + 1}, "GRANULARITY hourly"), ({"zone": "block"}, "GRANULARITY hourly"),
    ({"zone": "block", "bucket": 1}, "GRANULARITY hourly"), ({"zone": "moon"}, "BAD_REQUEST"),
    ({"zone": "block", "age": 0}, "NOT_PERMITTED"), ({"stat": "count"}, "NOT_PERMITTED"),
    ({"party": "press"}, "NOT_PERMITTED"), ({"party": "shop"}, "UNKNOWN_PARTY"),
    ({"purpose": ""}, "PURPOSE_REQUIRED"), ({"purpose": "profit"}, "UNKNOWN_PURPOSE"),
    ({"now": policy.moment("2027-01-08T00:00:00Z") - 1}, "OK hourly"),
    ({"now": policy.moment("2027-01-08T00:00:00Z")}, "POLICY_UNAVAILABLE"),
    ({"action": "right", "now": 0}, "OK"), ({"action": "collect"}, "NOT_COLLECTED")])
def test_what_one_rule_answers_can_be_read_in_it(changed, want):
    assert ask(**changed) == want


def test_a_rule_below_a_floor_refuses_though_another_allows():
    low = {**commons().policy["share"][0], "id": "low", "k_min": "4", "zone": "block"}
    assert ask(commons(share=[*commons().policy["share"], low])) == "FLOOR low"


@pytest.mark.parametrize("forbid, want", [
    ({"to": ["city"]}, "FORBIDDEN f"), ({"to": ["public"]}, "OK hourly"),
    ({"purpose_group": ["coercive"]}, "OK hourly"), ({"bucket_below": "PT1H"}, "OK hourly"),
    ({"bucket_below": "PT2H"}, "FORBIDDEN f"), ({"age_below": "P1D"}, "OK hourly"),
    ({"age_below": "P2D"}, "FORBIDDEN f"), ({"stats": ["mean"]}, "FORBIDDEN f"),
    ({"zone_below": "moon"}, "FORBIDDEN f")])
def test_a_forbid_takes_a_whole_rule_from_whom_it_names(forbid, want):
    assert ask(commons(forbid=[{"id": "f", **forbid}])) == want


def test_the_strictest_of_all_rules_protects():
    second = {**commons().policy["share"][0], "id": "second", "k_min": "12", "top2_max_pct": "50",
              "redistribution": "true"}
    documents = commons(share=[*commons().policy["share"], second])
    request = {"action": "release", "party": "city", "purpose": "stats", "metric": "load",
               "stat": "sum", "zone": "quarter", "bucket": HOUR, "age": 24 * HOUR}
    found = policy.evaluate(documents, request, NOW)
    assert found["rules"] == ["hourly", "second"]
    assert found["safeguards"] == {
        "k_min": 12, "top1_max_pct": 30, "top2_max_pct": 50, "round_to": 10, "min_count": None,
        "redistribution": True, "step": 0, "every": 0, "within": 0}


# -- The gateway's evaluator.

def pairs(count, seed):
    """The lines of policy_pairs."""
    folder = pathlib.Path(os.environ.get("COMMONS_BIN", ROOT / "build/release/bin"))
    program = folder / "policy_pairs"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    with subprocess.Popen([program, str(count), str(seed)], stdout=subprocess.PIPE,
                          text=True) as process:
        yield from process.stdout
    assert process.returncode == 0


def compare(count, seed, of_each):
    codes = collections.Counter()
    assert list(policy.disagreements(pairs(count, seed), codes)) == []
    assert sum(codes.values()) >= count
    assert sorted(codes) == sorted(CODES)
    assert min(codes.values()) >= of_each, codes


def test_both_evaluators_agree_on_every_pair():
    compare(40_000, 1, 40)


@pytest.mark.slow
def test_both_evaluators_agree_on_a_million_pairs():
    compare(1_000_000, 2, 1_000)


@pytest.mark.parametrize("field, value", [
    ("allowed", False), ("code", "FLOOR"), ("rules", ["another"]), ("safeguards", {"k_min": 0})])
def test_whatever_a_decision_says_otherwise_is_a_disagreement(field, value):
    for line in pairs(1_000, 3):
        written = json.loads(line)
        allowed = [case for case in written["cases"] if case["decision"]["allowed"]]
        if allowed:
            allowed[0]["decision"][field] = value
            found = list(policy.disagreements([json.dumps(written)], collections.Counter()))
            assert len(found) == 1
            return
    pytest.fail("nothing was allowed")
