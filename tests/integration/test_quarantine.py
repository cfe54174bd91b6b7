"""Refused messages: what an operator sees of them, a mended profile, a retry, and their household's
own copy."""

import datetime
import json
import subprocess
import tarfile

from replay.commons import Commons
from replay.feed import Feeder, stamp_text
from replay.homes import ROOT, Home

START = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)


def homes():
    return [Home(id=f"canaryhome-{number}", gateway=0, readings=[(START, "0")])
            for number in range(2)]


def old_spelling(slot):
    """What a new firmware sends, whose field is called `wh`."""
    stamp = stamp_text(START + datetime.timedelta(minutes=30 * slot))
    return f'{{"wh": {100 + slot}, "serial": "canaryserial-7", "time": "{stamp}"}}'


def test_a_mended_profile_brings_back_what_was_refused(programs, tmp_path, read_store):
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    text = (ROOT / "gateway/ingest/profiles/generic.yaml").read_text(encoding="utf-8")
    (profiles / "generic.yaml").write_text(text, encoding="utf-8")
    households = homes()
    with Commons(programs, households, which=(0,),
                 settings=(f"profiles: {profiles}",)) as commons:
        commons.start()
        gateway, device = commons.gateways[0], households[0].device
        with Feeder(commons.brokers[0].port) as feeder:
            for slot in range(5):
                feeder.publish(f"sensors/{device}/load", old_spelling(slot))
            feeder.publish(f"sensors/{device}/load", b"\x1b]0;owned\x07")
            feeder.wait_acknowledged()
        commons.wait_folded(0, 6)

        rows = gateway.json("quarantine", "list")
        assert {(row["device"], row["reason"]) for row in rows} == {(device, "malformed")}
        assert rows[0]["shape"] == ('{"aa": 999, "aaaaaa": "aaaaaaaaaaaa-9", '
                                    '"time": "9999-99-99a99:99:99a"}')
        shown = gateway.cli("quarantine", "list") + gateway.cli("--format", "csv", "quarantine",
                                                                "list")
        for word in ("canaryserial", "sensors/", "\x1b", "\x07"):
            assert word not in shown
        refused = gateway.run("quarantine", "list", "--reason", "retained")
        assert refused.returncode == 1 and "those are malformed" in refused.stderr
        assert gateway.json("quarantine", "retry") == {"tried": 6, "admitted": 0,
                                                        "observations": 0}
        exported_quarantine_is_whole(gateway, commons, households[0], tmp_path)

        assert gateway.stop() == 0
        (profiles / "generic.yaml").write_text(text.replace("at: value", "at: wh"),
                                               encoding="utf-8")
        gateway.start()
        assert '"wh": 999' in gateway.json("quarantine", "list")[0]["shape"]
        assert gateway.json("quarantine", "retry", "--device", device) == {
            "tried": 6, "admitted": 5, "observations": 5}
        status = gateway.status()
        assert (status["received"], status["stored"], status["retried"]) == (5, 5, 5)
        assert status["in_quarantine"] == 1
        gateway.kill()  # the retry was durable
        gateway.start()
        assert gateway.json("quarantine", "retry")["tried"] == 1
        assert gateway.json("quarantine", "drop", "--all") == {"dropped": 1}
        assert gateway.stop() == 0
        stored = read_store(gateway, [device])
        assert stored == {(device, stamp_text(START + datetime.timedelta(minutes=30 * slot))):
                          100 + slot for slot in range(5)}


def exported_quarantine_is_whole(gateway, commons, home, folder):
    """The household, and nobody else, gets what is kept of it."""
    sealed, opened = folder / "home.tar.age", folder / "home.tar"
    gateway.cli("household", "export", home.id, "--out", sealed)
    identity = folder / "identity"
    identity.write_text(gateway.cli("resident", "age-identity", "--key",
                                    commons.keys / f"{home.id}.key"))
    subprocess.run(["age", "-d", "-i", identity, "-o", opened, sealed], check=True, timeout=60)
    with tarfile.open(opened) as archive:
        kept = json.load(archive.extractfile("quarantine.json"))
    assert [row.get("payload") for row in kept[:5]] == [old_spelling(slot) for slot in range(5)]
    assert kept[5]["payload_base64"] == "G10wO293bmVkBw=="
    assert {row["topic"] for row in kept} == {f"sensors/{home.device}/load"}
