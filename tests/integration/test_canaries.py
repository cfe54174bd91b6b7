"""Nothing readable on disk: no topic, device, household or value, neither in what a killed gateway
leaves nor in what a stopped one does, nor in any log."""

import datetime

from canaries import found_in
from replay.commons import Commons
from replay.feed import Feeder
from replay.homes import Home

DAY = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)
# Each is long enough to be no accident. The values are texts that a payload carries.
HOUSEHOLD, STRANGER, SILENT = "canaryhousehold", "canarystranger", "canarysilent"
VALUES = ("17.2913377", "3.14159265358")
WORDS = [HOUSEHOLD, STRANGER, SILENT, *VALUES, "sensors/", "meter-canary", "canarymetric",
         "canarypayload", "canaryunit"]


def homes():
    readings = [(DAY + datetime.timedelta(minutes=30 * slot), VALUES[slot % 2])
                for slot in range(48)]
    made = [Home(id=f"{HOUSEHOLD}-{number:02d}", gateway=0, readings=readings)
            for number in range(11)]
    return made + [Home(id=SILENT, gateway=0, accepted=False, readings=readings)]


def feed_oddities(port):
    """What the door refuses must leave no trace either, in no log."""
    with Feeder(port) as feeder:
        device = f"meter-{HOUSEHOLD}-00"
        feeder.publish(f"sensors/{STRANGER}/load", VALUES[0])
        feeder.publish(f"sensors/{device}/canarymetric", VALUES[0])
        feeder.publish(f"sensors/{device}/load", '{"value": "canarypayload"')
        feeder.publish(f"sensors/{device}/load", '{"value": 1, "unit": "canaryunit", '
                                                 '"time": "2013-01-14T00:00:00Z"}')
        feeder.publish("sensors/canarypayload", VALUES[0])
        feeder.wait_acknowledged()


def test_no_canary_is_on_disk_after_a_kill_or_a_clean_stop(programs):
    with Commons(programs, homes(), which=(0,), settings=("log_level: debug",)) as commons:
        commons.start()
        gateway, broker = commons.gateways[0], commons.brokers[0]
        commons.feed()
        feed_oddities(broker.port)
        commons.drain(0)
        assert gateway.status()["stored"] == 11 * 48
        gateway.kill()
        assert found_in(gateway.dir, WORDS, [gateway.log]) == []

        gateway.start()
        commons.decide()
        assert any(cell["status"] == "released" for cell in commons.cells())
        assert gateway.stop() == 0
        assert found_in(gateway.dir, WORDS, [gateway.log]) == []

        # The search is not blind: what the broker holds for an absent gateway is on its tmpfs, and
        # only there; its log, which may be on a disk, is as silent as ours.
        feed_oddities(broker.port)
        broker.stop()
        assert {word for _, word in found_in(broker.folder, WORDS)} >= {STRANGER, *VALUES[:1], "sensors/"}
        assert str(broker.folder).startswith("/dev/shm/")
        text = broker.log.read_bytes().decode(errors="replace")
        assert [word for word in WORDS if word in text] == []
