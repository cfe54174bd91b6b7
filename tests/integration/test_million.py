"""Many messages, every second one malformed, through a real broker: the identity holds at every
scrape, every good one is stored exactly once, the quarantine stays bounded, and memory is flat."""

import concurrent.futures
import datetime

import pytest
from publisher import Publisher
from replay.commons import Commons, due
from replay.feed import stamp_text
from replay.homes import Home
from scrape import SETTING, Scraper, settled

START = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)
HOMES, DEVICES = 12, 8  # devices of each home
DAY = HOMES * DEVICES * 48  # good messages of one day
RSS_GROWTH_MAX = 16 << 20
BAD = (b"nan", b'{"value": 0.2', b'{"value": true}', b"\x00\xff\x1b[2J", b"17",
       b'{"value": 0.2, "unit": "furlong", "time": "2013-01-14T00:00:00Z"}',
       b'{"value": 1e9, "unit": "kWh", "time": "2013-01-14T00:00:00Z"}', b"x" * 5000)


def value_of(device, slot):
    return (7 * device + 13 * slot) % 2000


def day_of(devices, day, good):
    """A day's messages of all devices, at most `good` good ones and as many bad."""
    for slot in range(48 * day, 48 * day + 48):
        stamp = stamp_text(START + datetime.timedelta(minutes=30 * slot))
        for number, device in enumerate(devices):
            if good == 0:
                return
            good -= 1
            topic = f"sensors/{device}/load".encode()
            wh = value_of(number, slot)
            yield topic, f'{{"value": {wh}, "unit": "Wh", "time": "{stamp}"}}'.encode()
            yield topic, BAD[(slot + number) % len(BAD)]


def run(programs, good_total):
    homes = [Home(id=f"home-{number:02d}", gateway=0, readings=[(START, "0")])
             for number in range(HOMES)]
    with Commons(programs, homes, which=(0,), settings=(SETTING,)) as commons:
        commons.start()
        gateway = commons.gateways[0]
        devices = []
        for home in homes:
            devices.append(home.device)
            for number in range(1, DEVICES):
                devices.append(f"{home.device}-{number}")
                gateway.cli("device", "add", devices[-1], "--household", home.id)
        scrape = Scraper(gateway)
        good, day, memory = 0, 0, []
        with concurrent.futures.ThreadPoolExecutor(1) as pool, \
                Publisher(commons.brokers[0].port, "million") as publisher:
            while good < good_total:
                some = min(DAY, good_total - good)
                sending = pool.submit(publisher.publish_all, day_of(devices, day, some))
                while not sending.done():
                    check(scrape())
                sending.result()
                good += some
                commons.wait_folded(0, 2 * good)
                gateway.cli("clock", "advance", stamp_text(due(START.date() +
                                                               datetime.timedelta(days=day))))
                day += 1
                memory.append((good, check(scrape())["process_resident_memory_bytes", ()]))
        after = check(scrape())
        print(f"{2 * good} messages, {scrape.scrapes} scrapes, {day} days; resident MiB at each "
              f"tenth: {[round(memory[len(memory) * n // 10][1] / 2**20) for n in range(10)]}, "
              f"at the end {memory[-1][1] / 2**20:.1f}")
        assert settled(after, "stored") == good_total
        assert sum(value for (name, labels), value in after.items()
                   if name == "commons_observations_total" and
                   ("outcome", "quarantined") in labels) == good_total
        assert after["commons_observations_received_total", ()] == 2 * good_total
        assert after["commons_observations_waiting", ()] == 0
        return memory


def check(samples):
    assert samples["commons_quarantine_rows", ()] <= 64 * HOMES
    assert samples["commons_quarantine_bytes", ()] <= HOMES * (128 << 10)
    return samples


def test_twenty_thousand_messages_half_of_them_malformed(programs):
    run(programs, 10_000)


@pytest.mark.slow
def test_a_million_messages_half_of_them_malformed(programs):
    memory = run(programs, 500_000)
    third = next(resident for good, resident in memory if good >= 150_000)
    assert memory[-1][1] - third < RSS_GROWTH_MAX
