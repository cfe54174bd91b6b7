"""Households and their readings: from a CSV of half-hourly meters, or made up.

The made-up ones are synthetic: a fixed seed and week, a base load, a morning and an evening peak
per household. They look like homes and belong to nobody.
"""

import csv
import dataclasses
import datetime
import os
import pathlib
import random

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATEWAYS = ("gw-mill-lane", "gw-harbour", "gw-orchard")
ZONES = ("mill-lane", "harbour", "orchard")
LONDON = "data/london-load/week-2013-01-14.csv"

SEED = 20250113
MONDAY = datetime.datetime(2025, 1, 13, tzinfo=datetime.timezone.utc)
HOMES_PER_ZONE = (40, 22, 7)
HALF_HOURS = 7 * 48
CARS = {"harbour-03": (1, 4), "mill-lane-11": (2,), "mill-lane-27": (2, 6)}  # nights they charge


@dataclasses.dataclass
class Home:
    """One household, and what its meter says: (stamp, kWh as text), in time order."""
    id: str
    gateway: int
    accepted: bool = True
    shares: bool = True
    readings: list = dataclasses.field(default_factory=list)

    @property
    def device(self):
        return "meter-" + self.id


def shared_folder():
    """Where data too large for the repository lives."""
    return pathlib.Path(os.environ.get("COMMONS_SHARED", ROOT.parent / "shared"))


def read_csv(path):
    """Homes of a meter replay, distributed over the gateways by their number."""
    readings = {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for row in csv.reader(file):
            if len(row) != 3 or row[0].strip() == "LCLid":
                continue
            stamp = datetime.datetime.fromisoformat(row[1].strip()[:19])
            readings.setdefault(row[0].strip(), []).append(
                (stamp.replace(tzinfo=datetime.timezone.utc), row[2].strip()))
    if not readings:
        raise SystemExit(f"demo: {path} holds no readings; expected the columns "
                         "LCLid,tstp,energy(kWh/hh)")
    homes = []
    for number, name in enumerate(sorted(readings)):
        readings[name].sort(key=lambda reading: reading[0])
        homes.append(Home(id=name.lower(), gateway=number % 3, accepted=number % 20 != 19,
                          shares=number % 20 != 9, readings=readings[name]))
    return homes


def _half_hour_kwh(rng, home, hour, weekend):
    """Believable electricity of one half hour: fridge and standby, then people."""
    load = home["base"] * rng.uniform(0.8, 1.2)
    wake = home["wake"] + (1.5 if weekend else 0)
    for centre, width, height in ((wake, 1.0, home["morning"]), (home["dinner"], 1.8,
                                                                  home["evening"])):
        distance = (hour - centre) / width
        load += height * max(0.0, 1 - distance * distance) * rng.uniform(0.3, 1.7)
    if (weekend or home["home_by_day"]) and 9 <= hour < 18:
        load += rng.uniform(0.0, 0.15)
    if rng.random() < home["kettle"] and 6.5 <= hour < 23:
        load += rng.uniform(0.05, 0.9)
    if home["car"] and 1 <= hour < 4.5:  # 7 kW at the night rate: most of its street's load
        load += 3.5
    return load


def generate():
    """The demo's default input: neighbourhoods of 40, 22 and 7 homes, the last one below k."""
    rng = random.Random(SEED)
    homes = []
    for gateway, count in enumerate(HOMES_PER_ZONE):
        for number in range(count):
            habit = {
                "base": rng.uniform(0.03, 0.12), "wake": rng.uniform(6.0, 8.5),
                "dinner": rng.uniform(17.5, 20.5), "morning": rng.uniform(0.05, 0.35),
                "evening": rng.uniform(0.15, 0.7), "kettle": rng.uniform(0.02, 0.12),
                "home_by_day": rng.random() < 0.4, "car": False}
            home = Home(id=f"{ZONES[gateway]}-{number + 1:02d}", gateway=gateway,
                        accepted=number != count - 1, shares=number != count - 2)
            for slot in range(HALF_HOURS):
                stamp = MONDAY + datetime.timedelta(minutes=30 * slot)
                habit["car"] = (home.id in CARS and stamp.weekday() in CARS[home.id])
                kwh = _half_hour_kwh(rng, habit, slot % 48 / 2, stamp.weekday() >= 5)
                if rng.random() >= 0.002:  # a meter misses one now and then
                    home.readings.append((stamp, f"{kwh:.3f}"))
            homes.append(home)
    return homes


def write_csv(homes, path):
    """The homes' readings in the format that read_csv reads."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("LCLid,tstp,energy(kWh/hh)\n")
        for home in homes:
            for stamp, text in home.readings:
                file.write(f"{home.id},{stamp:%Y-%m-%d %H:%M:%S}, {text} \n")


def plan_of(homes):
    """The same as tuples (household, gateway index, accepted, shares)."""
    return [(home.id, home.gateway, home.accepted, home.shares) for home in homes]
