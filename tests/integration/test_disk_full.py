"""A small disk fills up while messages flow: the gateway pauses, says so, and goes on by itself once
there is room. Every message is stored and counted once, and the cells are those of the independent
computation."""

import os
import random
import datetime
import subprocess
import threading
import time

import pytest

import cells as compare
import london
from replay.commons import Commons
from replay.feed import Feeder, messages_of
from replay.homes import GATEWAYS, Home, plan_of, write_csv
from replay.processes import wait_until

GATEWAY = 0
HOMES = 14
DAYS = 10
PER_SECOND = 250
START = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a tmpfs of 64 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mounting a tmpfs is refused: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def made_homes():
    rng = random.Random(2)
    homes = []
    for number in range(HOMES):
        home = Home(id=f"home-{number:02d}", gateway=GATEWAY, accepted=True, shares=number > 1)
        for step in range(DAYS * 48):
            home.readings.append((START + datetime.timedelta(minutes=30 * step),
                                  f"{rng.uniform(0.05, 0.9):.3f}"))
        homes.append(home)
    return homes


def fill(path):
    """Until the file system has not a byte left."""
    with open(path, "wb", buffering=0) as ballast:
        chunk = os.urandom(1 << 20)
        while chunk:
            try:
                ballast.write(chunk)
            except OSError:
                chunk = chunk[:len(chunk) // 2]


def test_a_full_disk_pauses_and_goes_on_by_itself(programs, tmp_path, small_disk, read_store):
    homes = made_homes()
    write_csv(homes, tmp_path / "homes.csv")
    want = [cell for cell in london.cells(str(tmp_path / "homes.csv"), plan_of(homes))
            if cell["gateway"] == GATEWAYS[GATEWAY]]
    with Commons(programs, homes, which=(GATEWAY,), keep=small_disk,
                 settings=("checkpoint: PT2S",)) as commons:
        commons.start()
        gateway, broker = commons.gateways[GATEWAY], commons.brokers[GATEWAY]
        assert gateway.status()["store"] == "ok"
        process = gateway.process.pid
        messages = messages_of(commons.homes)
        feeder = Feeder(broker.port)
        thread = threading.Thread(target=feeder.feed, args=(messages, PER_SECOND), daemon=True)
        thread.start()
        wait_until(lambda: gateway.status()["stored"] > 500, "some readings")

        ballast = small_disk / "ballast"
        fill(ballast)
        wait_until(lambda: gateway.status()["store"].startswith("paused: "), "the pause", 30)
        paused = gateway.status()
        print(paused["store"])
        time.sleep(3)
        assert gateway.status()["journaled"] <= paused["journaled"] + 1
        assert gateway.run("clock", "advance", "2013-02-01T00:00:00Z").returncode != 0
        ballast.unlink()
        freed = time.monotonic()
        wait_until(lambda: gateway.status()["stored"] > paused["stored"] + 100, "the flow", 30)
        print(f"flows again {time.monotonic() - freed:.1f} s after the disk was freed")

        thread.join(120)
        assert not thread.is_alive()
        feeder.wait_acknowledged()
        feeder.close()
        commons.drain(GATEWAY)
        status = gateway.status()
        assert status["store"] == "ok"
        assert status["bytes_written"] >= 0
        assert status["stored"] == len(messages)
        assert status["reasons"]["duplicate"].get("repeated", 0) == 0
        assert gateway.process.pid == process and gateway.alive()
        commons.decide()
        compare.assert_same(commons.cells(), want)
        assert gateway.stop() == 0
        found = read_store(gateway, [home.device for home in homes])
        assert len(found) == len(messages)
