"""30 % bad messages of every kind: every counter equals the sender's tally, and the store holds
exactly the good ones."""

import collections
import datetime
import random

import paho.mqtt.client as mqtt
import pytest
from replay.commons import Commons
from replay.feed import Feeder, stamp_text
from replay.homes import Home
from replay.processes import wait_until

START = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)
SEED = 7
GOOD = 2000
BAD = 860  # 30 % of all


def homes():
    """Twelve confirmed households and one that never accepted."""
    made = [Home(id=f"home-{number:02d}", gateway=0, readings=[(START, "0")])
            for number in range(12)]
    return made + [Home(id="home-unconfirmed", gateway=0, accepted=False)]


def payload(value, stamp, unit="kWh"):
    return f'{{"value": {value}, "unit": "{unit}", "time": "{stamp_text(stamp)}"}}'


class Sender:
    """Makes good and bad messages, and keeps the tally that the gateway must arrive at."""

    def __init__(self, rng, devices):
        self.rng, self.devices = rng, devices
        self.slots = [(device, START + datetime.timedelta(minutes=30 * slot))
                      for slot in range(7 * 48) for device in devices]
        rng.shuffle(self.slots)
        self.kept = {}
        self.tally = collections.Counter()
        self.kinds = [name[4:] for name in dir(self) if name.startswith("bad_")]

    def slot(self):
        return self.slots.pop()

    def good(self):
        device, stamp = self.slot()
        wh = self.rng.randrange(25001)
        self.kept[device, stamp_text(stamp)] = wh
        self.tally["stored", ""] += 1
        return f"sensors/{device}/load", payload(f"{wh / 1000:.3f}", stamp)

    def bad(self):
        return getattr(self, "bad_" + self.rng.choice(self.kinds))()

    def quarantined(self, reason, body):
        device, _ = self.slot()
        self.tally["quarantined", reason] += 1
        return f"sensors/{device}/load", body

    def bad_unknown_device(self):
        self.tally["denied", "unknown-device"] += 1
        return "sensors/stranger/load", payload("0.2", START)

    def bad_unconfirmed(self):
        self.tally["denied", "household-unconfirmed"] += 1
        return "sensors/meter-home-unconfirmed/load", payload("0.2", START)

    def bad_metric(self):
        device, stamp = self.slot()
        self.tally["denied", "no-collect-rule"] += 1
        return f"sensors/{device}/camera", payload("0.2", stamp)

    def bad_malformed(self):
        body = self.rng.choice(['{"value": 0.2', "{}", '{"value": {}}', "\x00\x01", "[0.2]",
                                '{"value": 0.2} x', "0.2 kWh", '{"value": true}'])
        return self.quarantined("malformed", body)

    def bad_nan(self):
        return self.quarantined("not-a-number", self.rng.choice(["NaN", "inf", "-Infinity", "", '{"value": null}']))

    def bad_oversized(self):
        _, stamp = self.slot()
        return self.quarantined("oversized", payload("0.2", stamp) + " " * 65536)

    def bad_unit(self):
        _, stamp = self.slot()
        return self.quarantined("unknown-unit", payload("0.2", stamp, unit="furlong"))

    def bad_range(self):
        _, stamp = self.slot()
        value = self.rng.choice(["25.001", "-0.001", "1e9"])
        return self.quarantined("out-of-range", payload(value, stamp))

    def bad_time(self):
        stamp = self.rng.choice(["yesterday", "2013-02-30T00:00:00Z", "2013-01-14T25:00:00Z"])
        return self.quarantined("bad-time",
                                f'{{"value": 0.2, "unit": "kWh", "time": "{stamp}"}}')

    def bad_no_time(self):
        return self.quarantined("no-time", self.rng.choice(["200", '{"value": 200}', '{"value": 200, "time": ""}']))

    def bad_repeated(self):
        (device, stamp), wh = self.rng.choice(list(self.kept.items()))
        self.tally["duplicate", "repeated"] += 1
        # Spelled another way, so that it is a new message with an old reading.
        return (f"sensors/{device}/load",
                f'{{"time": "{stamp}", "value": {wh}, "unit": "Wh", "n": {self.rng.random()}}}')

    def bad_conflict(self):
        (device, stamp), wh = self.rng.choice(list(self.kept.items()))
        self.tally["duplicate", "conflict"] += 1
        other = (wh + 1 + self.rng.randrange(1000)) % 25001
        return (f"sensors/{device}/load",
                f'{{"time": "{stamp}", "value": {other}, "unit": "Wh"}}')


def publish_stale_values(gateway, broker, sender):
    """A broker hands retained values to whoever subscribes for the first time: so it has to forget
    the gateway, which a session of the same name that wants nothing kept brings about."""
    assert gateway.stop() == 0
    impostor = mqtt.Client(client_id=f"commonsd-{gateway.name}", clean_session=True)
    impostor.connect("127.0.0.1", broker.port)
    impostor.loop_start()
    wait_until(impostor.is_connected, "the broker to take the session over")
    impostor.disconnect()
    impostor.loop_stop()
    with Feeder(broker.port) as feeder:
        for device in sender.devices:
            feeder.publish(f"sensors/{device}/load", payload("0.2", START), retain=True)
            sender.tally["denied", "retained"] += 1
        feeder.wait_acknowledged()
    gateway.start()


def counted(status):
    found = {("stored", ""): status["stored"]}
    for outcome, reasons in status["reasons"].items():
        for reason, count in reasons.items():
            if count:
                found[outcome, reason] = count
    return found


def test_every_counter_equals_the_senders_tally_and_only_the_good_is_kept(programs, read_store):
    rng = random.Random(SEED)
    households = homes()
    devices = [home.device for home in households if home.accepted]
    sender = Sender(rng, devices)
    with Commons(programs, households, which=(0,)) as commons:
        commons.start()
        gateway = commons.gateways[0]
        publish_stale_values(gateway, commons.brokers[0], sender)
        messages = [sender.good() for _ in range(20)]
        kinds = [True] * (GOOD - 20) + [False] * BAD
        rng.shuffle(kinds)
        messages += [sender.good() if good else sender.bad() for good in kinds]
        with Feeder(commons.brokers[0].port) as feeder:
            feeder.feed(messages)
            feeder.wait_acknowledged()
            commons.wait_folded(0, len(messages) + len(devices))
        status = gateway.status()
        assert counted(status) == dict(sender.tally)
        assert status["received"] == sum(sender.tally.values()) == GOOD + BAD + len(devices)
        assert status["waiting"] == 0
        assert status["duplicate"] == sum(status["reasons"]["duplicate"].values())
        assert status["denied"] == sum(status["reasons"]["denied"].values())
        assert status["quarantined"] == sum(status["reasons"]["quarantined"].values())

        assert gateway.stop() == 0
        assert read_store(gateway, devices) == sender.kept


def test_a_tally_that_is_off_by_one_would_be_seen():
    sender = Sender(random.Random(SEED), ["meter-a"])
    sender.good()
    status = {"stored": 2, "reasons": {}}
    with pytest.raises(AssertionError):
        assert counted(status) == dict(sender.tally)
