"""What a gateway says to Prometheus: the format, the identity at every scrape, and no names."""

import concurrent.futures
import datetime

import pytest
from publisher import Publisher
from replay.commons import Commons
from replay.feed import stamp_text
from replay.homes import ZONES, Home
from replay.processes import wait_until
from scrape import SETTING, Scraper, parse, settled

START = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)
SLOTS = 300


def homes():
    return [Home(id=f"canaryhome-{number}", gateway=0, readings=[(START, "0")])
            for number in range(4)]


def load(devices):
    """Half of them good, the rest refused in four ways."""
    for slot in range(SLOTS):
        stamp = stamp_text(START + datetime.timedelta(minutes=30 * slot))
        for device in devices:
            topic = f"sensors/{device}/load".encode()
            yield topic, f'{{"value": 0.{slot % 7}, "unit": "kWh", "time": "{stamp}"}}'.encode()
            yield ((topic, b"nan"), (topic, b'{"value": '), (topic, b"17"),
                   (b"sensors/canarystranger/load", b"1"))[slot % 4]


def test_the_identity_holds_at_every_scrape_and_nothing_is_named(programs):
    households = homes()
    with Commons(programs, households, which=(0,), settings=(SETTING,)) as commons:
        commons.start()
        scrape = Scraper(commons.gateways[0])
        before = scrape()
        with concurrent.futures.ThreadPoolExecutor(1) as pool, \
                Publisher(commons.brokers[0].port, "load") as publisher:
            sending = pool.submit(publisher.publish_all, load([home.device for home in households]))
            while not sending.done():
                scrape()
            sending.result()
        sent = 2 * SLOTS * len(households)
        commons.wait_folded(0, sent)
        after = scrape()
        assert scrape.scrapes > 3
        assert after["commons_observations_received_total", ()] == sent
        assert settled(after, "stored") == sent / 2
        assert settled(after, "quarantined", "not-a-number") == sent / 8
        assert settled(after, "denied", "unknown-device") == sent / 8
        assert after["commons_quarantine_rows", ()] == 64 * len(households)
        # Whatever can be counted is there from the start.
        assert before.keys() == after.keys()
        # Not for the moment in which a new device's topic waits to be subscribed to.
        wait_until(lambda: scrape()["commons_broker_connected", ()] == 1, "the broker")
        assert after["process_resident_memory_bytes", ()] > 1e6

        text = scrape.text().lower()
        names = [name for home in households for name in (home.id, home.device)]
        for word in [*names, *ZONES, "sensors", "canary", "load", "topic"]:
            assert word not in text, f"the metrics name {word}"


def test_an_address_of_the_network_is_refused(programs, tmp_path):
    with Commons(programs, homes()[:1], which=(0,),
                 settings=('metrics: "0.0.0.0:9464"',)) as commons:
        with pytest.raises(Exception, match="ended by itself"):
            commons.start()
        assert "ssh -L" in commons.gateways[0].log.read_text()


@pytest.mark.parametrize("text", [
    "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n",
    "# HELP a A.\n# TYPE a gauge\na 1\na 1\n",
    "# HELP a A.\n# TYPE a gauge\nb 1\n",
    "# HELP a A.\n# TYPE a gauge\na 1",
    "# HELP a A.\n# TYPE a gauge\na{x=1} 1\n",
    "a 1\n",
])
def test_the_parser_refuses_what_is_not_the_format(text):
    with pytest.raises((AssertionError, ValueError)):
        parse(text)
