"""How the rules of a running gateway change: what waits, what does not, and what a kill leaves."""

import pytest

from replay.commons import Commons
from replay.homes import GATEWAYS
from rulebook import LOOSER, TIGHTER, Rules, homes

@pytest.fixture(name="rules")
def rules_of_a_gateway(programs):
    with Commons(programs, homes(), which=(0,)) as commons:
        commons.start()
        yield Rules(commons)


def test_what_is_looser_waits_through_a_kill_and_takes_effect_by_itself(rules):
    looser = rules.next_version("policy", LOOSER)
    why = rules.refused("policy", "activate", f"{looser}.dsse")
    assert "It is looser" in why and "k_min 8 instead of 10" in why
    assert "by itself at 2013-01-27T00:00:00Z" in why
    (row,) = rules.proposed()
    assert (row["stage"], row["change"], row["takes_effect"]) == (
        "scheduled", "looser", "2013-01-27T00:00:00Z")
    rules.gateway.kill()
    rules.gateway.start()
    (after,) = rules.proposed()
    assert after == row
    rules.advance(13)
    assert rules.version() == 1
    rules.gateway.kill()
    rules.gateway.start()
    rules.advance(14)
    assert rules.version() == 2 and rules.proposed() == []
    rules.gateway.kill()
    rules.gateway.start()
    assert rules.version() == 2


def test_what_is_tighter_takes_effect_at_once_with_one_signature(rules):
    waiting = rules.next_version("policy", LOOSER)
    rules.propose(waiting)
    tighter = rules.next_version("policy", TIGHTER, signers=["chi"])
    rules.gateway.cli("policy", "activate", f"{tighter}.dsse")
    assert rules.version() == 2
    assert rules.proposed() == []  # another version took its place
    # And what was in force before is refused, however well it was signed.
    old = rules.commons.folder / "policy.dsse"
    assert "version 1 is older than version 2" in rules.refused("policy", "activate", old)
    assert "somebody signed two" in rules.refused("policy", "propose", f"{waiting}.dsse")


def test_a_resident_who_objects_raises_the_threshold(rules):
    looser = rules.next_version("policy", LOOSER)
    rules.propose(looser)
    home = rules.commons.homes[0]
    key = rules.commons.keys / f"{home.id}.key"
    (row,) = rules.gateway.json("policy", "object", f"{looser}.dsse", "--household", home.id,
                                "--key", key)
    assert row["stage"] == "objected" and row["objecting"] == 1
    assert row["signatures"] == ["policy: 2 of 3 (ana, bo)"]
    assert home.id not in rules.gateway.cli("policy", "status")
    rules.gateway.kill()
    rules.gateway.start()
    rules.advance(29)
    assert rules.version() == 1
    rules.sign(looser, "chi")
    rules.propose(looser)
    assert rules.version() == 2


def test_an_objection_needs_the_key_of_an_adult_of_that_household(rules):
    looser = rules.next_version("policy", LOOSER)
    rules.propose(looser)
    first, second = rules.commons.homes[:2]
    assert "not by the key of an adult" in rules.refused(
        "policy", "object", f"{looser}.dsse", "--household", first.id, "--key",
        rules.commons.keys / f"{second.id}.key")
    # By its hash, and taken back.
    (row,) = rules.proposed()
    key = rules.commons.keys / f"{first.id}.key"
    vote = ("--household", first.id, "--key", key)
    rules.gateway.cli("policy", "object", row["hash"], *vote)
    (row,) = rules.gateway.json("policy", "approve", row["hash"], *vote)
    assert row["objecting"] == 0


def test_a_retired_key_counts_for_nothing(rules):
    retired = rules.commons.folder / "bo-retired.dsse"
    looser = rules.next_version("policy", LOOSER)
    rules.propose(looser)
    rules.gateway.cli("policy", "retire", "--key", rules.commons.keys / "bo.key", "--commons",
                      "riverside", "--out", retired)
    rules.gateway.cli("policy", "propose", retired)
    (row,) = rules.proposed()
    assert row["signatures"] == ["policy: 1 of 2 (ana)"]
    rules.advance(20)
    assert rules.version() == 1


def test_signing_needs_no_daemon_and_refuses_nonsense(rules, tmp_path):
    rules.gateway.kill()
    ana = rules.commons.keys / "ana.key"
    policy = rules.commons.folder / "policy.yaml"
    out = tmp_path / "policy.dsse"
    rules.gateway.cli("policy", "sign", policy, "--key", ana, "--out", out)
    assert out.exists()
    nonsense = tmp_path / "nonsense.yaml"
    nonsense.write_text("schema: commons-policy/1\nversion: &x 1\n", encoding="utf-8")
    assert "line 2" in rules.refused("policy", "sign", nonsense, "--key", ana)
    assert not (tmp_path / "nonsense.yaml.dsse").exists()
    assert rules.refused("policy", "sign", policy, "--key", policy, "--out", tmp_path / "x")
    other = tmp_path / "other.yaml"
    other.write_text(policy.read_text(encoding="utf-8") + "# other\n", encoding="utf-8")
    assert "another text" in rules.refused("policy", "sign", other, "--key", ana, "--out", out)
    rules.gateway.start()


def test_past_the_grace_no_party_gets_an_answer_and_residents_do(rules, tmp_path):
    commons, gateway = rules.commons, rules.gateway
    commons.feed()
    ends = rules.next_version("policy", ("expires: 2100-01-01", "expires: 2013-01-20"))
    gateway.cli("policy", "activate", f"{ends}.dsse")
    assert any("expires at 2013-01-20" in warning for warning in gateway.status()["warnings"])

    def told():
        code, answer = commons.city.ask(gateway.name)
        del code
        return {row["code"] for row in answer["coverage"] if row["gateway"] == GATEWAYS[0]}
    rules.advance(8)  # 2013-01-21: in grace
    assert told() == {"OK"}
    assert any("serves until 2013-01-27" in warning for warning in gateway.status()["warnings"])
    looser = rules.next_version("policy", LOOSER, ("expires: 2013-01-20", "expires: 2100-01-01"))
    rules.propose(looser)
    rules.advance(40)
    assert rules.version() == 2  # its notice is over, but nothing gets looser meanwhile
    assert "a renewal of the policy in force" in rules.proposed()[0]["waits_for"]
    assert told() == {"POLICY_UNAVAILABLE"}
    home = commons.homes[0]
    export = tmp_path / "export.age"
    gateway.cli("household", "export", home.id, "--out", export)
    assert export.stat().st_size > 0
    gateway.cli("grant", "withdraw", home.id)
    renewed = rules.next_version("policy", ("expires: 2013-01-20", "expires: 2100-01-01"))
    gateway.cli("policy", "activate", f"{renewed}.dsse")
    assert rules.version() == 3 and rules.proposed() == []
    assert told() == {"OK"}
