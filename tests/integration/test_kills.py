"""A gateway killed fifty times arrives at the same cells as one that was left alone; then the same
with its broker restarted as well; then, slowly, one killed a thousand times. The cells are those of
the independent computation."""

import collections
import dataclasses
import datetime
import os
import random
import subprocess
import threading
import time

import cells as compare
import london
import pytest
from replay.commons import Commons, civil_days, due
from replay.feed import Feeder, messages_of, stamp_text
from replay.homes import GATEWAYS, Home, plan_of, write_csv
from replay.places import Place

HOMES = 14  # of which 12 share
GATEWAY = 0
SETTINGS = ("checkpoint: PT1S", "log_level: debug")
START = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Run:
    kills: int
    kills_in_decisions: int
    sheets_per_kill: int  # of the kills in decisions
    per_second: int       # messages
    broker_restarts: int = 0

    @property
    def days(self):
        return self.kills_in_decisions * self.sheets_per_kill


def made_homes(days):
    """A reading every two hours; now and then one that dominates its hour."""
    rng = random.Random(1)
    homes = []
    for number in range(HOMES):
        home = Home(id=f"home-{number:02d}", gateway=GATEWAY, accepted=number != HOMES - 1,
                    shares=number != HOMES - 2)
        for step in range(days * 12):
            kwh = rng.uniform(0.05, 0.9) * (20 if rng.random() < 0.005 else 1)
            home.readings.append((START + datetime.timedelta(hours=2 * step), f"{kwh:.3f}"))
        homes.append(home)
    return homes


class Log:
    """Reads a log as it grows, without a pause: a kill has to fall between two lines."""

    def __init__(self, path):
        self.file = open(path, "rb", buffering=0)
        self.file.seek(0, os.SEEK_END)
        self.text = b""

    def read(self):
        self.text += self.file.read() or b""
        return self.text

    def forget(self):
        self.read()
        self.text = b""

    def wait_for(self, words, timeout_s):
        """Spins until `words` are in the log; False if they do not come."""
        deadline = time.monotonic() + timeout_s
        while words not in self.read():
            if time.monotonic() > deadline:
                return False
        return True

    def inside(self, what):
        """Whether the log ends between `what` begins and ends."""
        text = self.read()
        return text.rfind(what + b" begins") > text.rfind(what + b" ends")

    def close(self):
        self.file.close()


class Killer:
    """Ends the gateway again and again and notes what it was doing."""

    def __init__(self, gateway, rng):
        self.gateway, self.rng = gateway, rng
        self.log = Log(gateway.log)
        self.fell_in = collections.Counter()
        self.kills = 0

    def kill(self, feeding):
        self.gateway.require_alive()
        self.gateway.kill()
        self.kills += 1
        for what in (b"checkpoint", b"decision"):
            if self.log.inside(what):
                self.fell_in[what.decode()] += 1
        if feeding:
            self.fell_in["intake"] += 1
        self.log.forget()

    def moment(self, seconds):
        """Half of the time nothing, else a random time below the limit; spun, not slept."""
        end = time.perf_counter() + max(0.0, self.rng.uniform(-seconds, seconds))
        while time.perf_counter() < end:
            pass

    def one_life(self, feeding):
        """Starts the gateway at once and kills it at a random moment; two times of three just
        after a checkpoint began."""
        self.gateway.launch()
        if self.kills % 3 != 2 and self.log.wait_for(b"checkpoint begins", 4):
            self.moment(0.0001)
        else:
            time.sleep(self.rng.uniform(0.05, 1.0))
        # Only a life that journals counts as killed in intake.
        self.kill(feeding=feeding() and b"subscribed" in self.log.read())

    def one_decision(self, last):
        """Asks for some sheets and kills in the middle. What was asked for before a kill goes on
        as soon as the gateway starts again, and is waited for."""
        if not self.gateway.alive():
            self.gateway.start()
        self.log.forget()
        asking = subprocess.Popen(
            [self.gateway.programs / "commons", "--dir", self.gateway.dir, "clock", "advance",
             last], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if self.log.wait_for(b"decision begins", 2):
            self.moment(0.0001)
        self.kill(feeding=False)
        asking.wait(30)


def replay_with_kills(programs, tmp_path, run):
    seed = int(os.environ.get("COMMONS_SEED", time.time_ns() % 10**9))
    print(f"seed {seed}")  # a new one each time; COMMONS_SEED repeats one
    rng = random.Random(seed)
    homes = made_homes(run.days)
    write_csv(homes, tmp_path / "homes.csv")
    want = [cell for cell in london.cells(str(tmp_path / "homes.csv"), plan_of(homes))
            if cell["gateway"] == GATEWAYS[GATEWAY]]
    with Commons(programs, homes, which=(GATEWAY,), settings=SETTINGS) as commons:
        commons.start()
        gateway, broker = commons.gateways[GATEWAY], commons.brokers[GATEWAY]
        killer = Killer(gateway, rng)
        messages = messages_of(commons.homes)
        feeder = Feeder(broker.port)
        thread = threading.Thread(target=feeder.feed, args=(messages, run.per_second), daemon=True)
        thread.start()
        killer.kill(feeding=False)
        before_decisions = run.kills - run.kills_in_decisions
        restarts = sorted(rng.sample(range(5, before_decisions - 5), run.broker_restarts))
        while killer.kills < before_decisions:
            if killer.kills in restarts:
                restarts.remove(killer.kills)
                gateway.launch()
                time.sleep(rng.uniform(0.1, 0.6))
                broker.restart()
                time.sleep(rng.uniform(0.0, 2.0))
                killer.kill(feeding=thread.is_alive())
            else:
                killer.one_life(thread.is_alive)
        assert not restarts
        thread.join(120)
        assert not thread.is_alive()
        feeder.wait_acknowledged()
        feeder.close()
        gateway.start()
        commons.drain(GATEWAY)
        for day in civil_days(homes)[run.sheets_per_kill - 1::run.sheets_per_kill]:
            killer.one_decision(stamp_text(due(day)))
        print(f"of {killer.kills} kills, fell in {dict(killer.fell_in)}")
        assert killer.kills == run.kills
        for what in ("intake", "checkpoint", "decision"):
            assert killer.fell_in[what] > 0, f"no kill fell in {what}: {killer.fell_in}"
        killer.log.close()
        gateway.start()
        commons.drain(GATEWAY)
        commons.decide()
        compare.assert_same(commons.cells(), want)
        assert gateway.stop() == 0


def test_fifty_kills_change_no_cell(programs, tmp_path):
    replay_with_kills(programs, tmp_path, Run(50, 20, 3, per_second=320))


def test_fifty_kills_and_restarts_of_the_broker_change_no_cell(programs, tmp_path):
    replay_with_kills(programs, tmp_path, Run(50, 20, 3, per_second=320, broker_restarts=4))


def values_of(gateway, device):
    """How often the stopped gateway keeps each value of a sensor's pm25, in hundredths."""
    done = subprocess.run([gateway.programs / "read_store", gateway.dir, gateway.key_file],
                          input=f"{device} pm25\n", capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stderr
    return collections.Counter(int(line.split()[3]) for line in done.stdout.splitlines())


def test_kills_among_readings_without_a_time_lose_none_and_count_none_twice(programs, tmp_path):
    """A reading that says no time is known again only by its message: the broker sends each one that
    was not acknowledged once more, and the gateway must tell those it had from those it had not."""
    seed = int(os.environ.get("COMMONS_SEED", time.time_ns() % 10**9))
    print(f"seed {seed}")
    sensor, readings = "dust-sensor-1", 8000
    place = Place(id="lamp-post-1", gateway=GATEWAY, devices={sensor: [(START, "0")]})
    with Commons(programs, [], places=[place], which=(GATEWAY,), settings=SETTINGS) as commons:
        commons.start()
        gateway = commons.gateways[GATEWAY]
        killer = Killer(gateway, random.Random(seed))
        feeder = Feeder(commons.brokers[GATEWAY].port)
        messages = [(f"sensors/{sensor}/pm25", f"{number / 100:.2f}") for number in range(readings)]
        thread = threading.Thread(target=feeder.feed, args=(messages, 400), daemon=True)
        thread.start()
        while thread.is_alive():
            killer.one_life(thread.is_alive) if killer.kills else killer.kill(feeding=True)
        feeder.wait_acknowledged()
        feeder.close()
        gateway.start()
        commons.drain(GATEWAY)
        print(f"of {killer.kills} kills, fell in {dict(killer.fell_in)}")
        assert killer.fell_in["intake"] >= 5
        killer.log.close()
        assert gateway.stop() == 0
        assert values_of(gateway, sensor) == collections.Counter(range(readings))


@pytest.mark.slow
def test_a_thousand_kills_change_no_cell(programs, tmp_path):
    replay_with_kills(programs, tmp_path, Run(1000, 250, 1, per_second=70, broker_restarts=20))
