"""A gateway whose key is not on the board: it waits, locked, and publishes once it is opened."""

import datetime
import json
import pathlib
import subprocess

import paho.mqtt.client as mqtt
import pytest
from replay.commons import Commons
from replay.homes import Home
from replay.feed import stamp_text
from replay.processes import wait_until

START = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)
WORDS = "correct horse battery staple\n"


def homes():
    return [Home(id=f"home-{number:02d}", gateway=0, readings=[(START, "0")])
            for number in range(12)]


def wait_state(gateway, state):
    wait_until(lambda: (gateway.status_or_none() or {}).get("state") == state,
               f"{gateway.name} to be {state}")


def sensitive(pid):
    """The mapping that is left out of core dumps and locked, and what the kernel says of it."""
    found = []
    size = 0
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition(":")
        if name == "Size":
            size = int(rest.split()[0])
        elif name == "VmFlags" and {"dd", "lo"} <= set(rest.split()):
            found.append(size)
    return found


@pytest.fixture
def commons(programs):
    with Commons(programs, homes(), which=(0,)) as made:
        made.start()
        yield made


def test_locked_then_unlocked_it_publishes(commons):
    gateway = commons.gateways[0]
    words = commons.keys / "words"
    words.write_text(WORDS, encoding="utf-8")
    wrong = commons.keys / "wrong"
    wrong.write_text("correct horse battery stapler\n", encoding="utf-8")
    gateway.cli("key", "slot", "add", "--passphrase-file", words)
    slots = gateway.json("key", "slot", "list")
    assert [slot["type"] for slot in slots] == ["key-file", "passphrase"]

    # The stick is pulled out; the gateway starts all the same.
    assert gateway.stop() == 0
    away = gateway.key_file.rename(gateway.key_file.with_suffix(".away"))
    gateway.launch()
    wait_state(gateway, "locked")
    for command in (["household", "list"], ["cell", "list"], ["key", "slot", "list"],
                    ["policy", "show"]):
        done = gateway.run(*command)
        assert (done.returncode, done.stderr) == (
            1, "commons: the gateway is locked; open it with `commons unlock`\n"), command

    refused = gateway.run("unlock", "--passphrase-file", wrong)
    assert (refused.returncode, refused.stderr) == (
        1, "commons: none of the 2 keyslots opens with it\n")
    # A key file that opens no slot goes to the daemon, which counts; a damaged slot says the same.
    stranger = commons.keys / "stranger.key"
    stranger.write_text("commons-keyslot-v1 x25519 " + "42" * 32 + "\n", encoding="utf-8")
    for _ in range(5):
        done = gateway.run("unlock", "--key-file", stranger)
        assert (done.returncode, done.stderr) == (refused.returncode, refused.stderr)
    done = gateway.run("unlock", "--key-file", stranger)
    assert (done.returncode, done.stderr) == (
        1, "commons: 5 wrong tries; wait 1 s before the next\n")

    wait_until(lambda: gateway.run("unlock", "--passphrase-file", words).returncode == 0,
               "the delay after wrong tries to end")
    wait_state(gateway, "open")
    wait_until(lambda: gateway.status()["broker_connected"], "the broker")
    publish(commons)
    wait_until(lambda: gateway.status()["stored"] == len(commons.homes) * 48, "the readings")
    gateway.cli("clock", "advance", "2013-01-17T00:00:00Z")
    assert gateway.status()["released"] > 0

    # What the kernel says of the arena: locked against swapping, not in a dump; and no dump at all.
    pid = gateway.process.pid
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    locked = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmLck")]
    assert locked[0] >= 4096
    assert sum(sensitive(pid)) >= 4096
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="utf-8")
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    away.rename(gateway.key_file)


def publish(commons):
    gateway_broker = commons.brokers[0]
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2) \
        if hasattr(mqtt, "CallbackAPIVersion") else mqtt.Client()
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", gateway_broker.port)
    client.loop_start()
    sent = []
    for home in commons.homes:
        for slot in range(48):
            stamp = START + datetime.timedelta(minutes=30 * slot)
            body = f'{{"value": 0.25, "unit": "kWh", "time": "{stamp_text(stamp)}"}}'
            sent.append(client.publish(f"sensors/{home.device}/load", body, qos=1))
    for message in sent:
        message.wait_for_publish(60)
    client.loop_stop()
    client.disconnect()


def test_stewards_open_it_together(commons):
    gateway = commons.gateways[0]
    publics = []
    for name in ("ann", "bob", "eve"):
        made = gateway.json("resident", "keygen", "--out", commons.keys / f"{name}.key")
        publics.append(made["public_key"])
    gateway.cli("key", "slot", "add", "--stewards", *publics, "--threshold", "2")
    rotated = gateway.json("key", "rotate", "master")
    assert rotated["keys"] >= 6  # the gateway's own, and those of owners
    fresh = gateway.json("key", "rotate", "data")
    assert fresh["keys"] >= len(commons.homes)  # each has one of its registry row
    assert gateway.stop() == 0
    gateway.key_file.unlink()
    gateway.launch()
    wait_state(gateway, "locked")

    shares = []
    for name in ("eve", "ann"):
        out = commons.keys / f"{name}.share"
        subprocess.run([gateway.programs / "commons", "key", "share", "open", "--keyslots",
                        gateway.dir / "keyslots", "--key", commons.keys / f"{name}.key", "--out",
                        out], check=True)
        assert out.stat().st_mode & 0o777 == 0o600
        shares.append(out)
    assert "needs 2" in gateway.run("unlock", "--share", shares[0]).stderr
    opened = json.loads(gateway.cli("--format", "json", "unlock", "--share", shares[0], "--share",
                                    shares[1]))
    assert opened["state"] == "open"
    assert len(gateway.json("household", "list")) == len(commons.homes)


def test_a_keyslots_file_that_others_can_read_is_refused(commons):
    gateway = commons.gateways[0]
    assert gateway.stop() == 0
    (gateway.dir / "keyslots").chmod(0o640)
    gateway.launch()
    assert gateway.process.wait(60) == 1
    assert "chmod 600" in gateway.log_tail()
