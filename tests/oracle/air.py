#!/usr/bin/python3
"""The riverside demo's PM2.5 cells, computed a second time and independently.

Reads the archives of Sensor.Community in a folder (*.tar.gz, members whose name holds "sds011",
columns sensor_id;sensor_type;location;…;timestamp;…;P2;…, stamps in UTC) and computes every cell
of every sheet that three gateways under the riverside policy must decide, straight from the words
of docs/policy-guide.md and docs/architecture.md section 6, in integers and fractions. It shares no
code with the gateway or with deploy/replay, on purpose.

  cells(folder)         a list of cells, as `deploy/demo --once --format json` has them
  quarantined(folder)   {gateway: number of rows out of range}
"""

import argparse
import collections
import csv
import datetime
import fractions
import glob
import io
import json
import os
import sys
import tarfile
import zoneinfo

GATEWAYS = ("gw-mill-lane", "gw-harbour", "gw-orchard")
ZONES = ("mill-lane", "harbour", "orchard")
METRIC, UNIT = "pm25", "ug/m3"
HOURLY, DAILY = "pm25-hourly", "pm25-daily"
LOWEST, HIGHEST = 0, 99900  # steps of 0.01
INTERVAL_S = 150
TIME_ZONE = zoneinfo.ZoneInfo("Europe/London")
HOUR = 3600


def half_up(number):
    """A fraction to the nearest integer, halves away from zero."""
    magnitude = abs(number) + fractions.Fraction(1, 2)
    return magnitude.numerator // magnitude.denominator * (-1 if number < 0 else 1)


def steps(text):
    """µg/m³ as text in steps of 0.01; None if out of range."""
    value = half_up(fractions.Fraction(text) * 100)
    return value if LOWEST <= value <= HIGHEST else None


def read(folder):
    """[(location, sensor, seconds, text)] in the archives' order, rows without P2 too."""
    rows = []
    for path in sorted(glob.glob(os.path.join(folder, "*.tar.gz"))):
        with tarfile.open(path) as archive:
            for name in archive.getmembers():
                if not name.isfile() or "sds011" not in name.name:
                    continue
                lines = io.StringIO(archive.extractfile(name).read().decode("utf-8"))
                reader = csv.reader(lines, delimiter=";")
                head = next(reader)
                sensor, place, time, value = (head.index(column) for column in
                                              ("sensor_id", "location", "timestamp", "P2"))
                for line in reader:
                    stamp = datetime.datetime.strptime(line[time], "%Y-%m-%dT%H:%M:%S")
                    stamp = stamp.replace(tzinfo=datetime.timezone.utc)
                    rows.append((line[place], line[sensor], int(stamp.timestamp()),
                                 line[value]))
    return rows


def gateway_of(rows):
    """{location: gateway index}: locations in numerical order, dealt out in turn."""
    return {place: i % 3 for i, place in enumerate(sorted({row[0] for row in rows}))}


def quarantined(folder):
    rows = read(folder)
    home = gateway_of(rows)
    return dict(collections.Counter(GATEWAYS[home[place]] for place, _, _, text in rows
                                    if text and steps(text) is None))


def kept(rows):
    """{location: {sensor: {seconds: steps}}}; the first of two for one second wins."""
    series = collections.defaultdict(lambda: collections.defaultdict(dict))
    for place, sensor, seconds, text in rows:
        if text and steps(text) is not None:
            series[place][sensor].setdefault(seconds, steps(text))
    return series


def midnight(date):
    local = datetime.datetime.combine(date, datetime.time(), TIME_ZONE)
    return int(local.timestamp())


def hour_of_place(sensors, start):
    """(mean, weight, number of readings) of one place in the hour from `start`."""
    area, weight, readings = 0, 0, 0
    for values in sensors.values():
        stamps = sorted(values)
        for number, stamp in enumerate(stamps):
            if not start <= stamp < start + HOUR:
                continue
            until = min(start + HOUR, stamp + 2 * INTERVAL_S,
                        *stamps[number + 1:number + 2])
            area += values[stamp] * (until - stamp)
            weight += until - stamp
            readings += 1
    mean = half_up(fractions.Fraction(area, weight)) if weight else None
    return mean, weight, readings


def cell_of(gateway, rule, start, end, shares):
    """`shares`: (integer, readings) of each place that contributed."""
    def text(seconds):
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(
            "%Y-%m-%dT%H:%M:%SZ")
    cell = {"gateway": GATEWAYS[gateway], "rule": rule, "metric": METRIC, "unit": UNIT,
            "zone": ZONES[gateway], "start": text(start), "end": text(end),
            "status": "released" if shares else "suppressed"}
    if shares:
        total = sum(value for value, _ in shares)
        have = sum(readings for _, readings in shares) * INTERVAL_S
        cell.update(count=len(shares), sum=total,
                    mean=half_up(fractions.Fraction(total, len(shares))),
                    completeness_pct=min(100, 100 * have // (len(shares) * (end - start))),
                    homes_in_zone=0)
    return cell


def sheet(gateway, places, date):
    """The cells of one gateway and civil day. `places`: {location: {sensor: {seconds: steps}}} of
    that day."""
    begin, end = midnight(date), midnight(date + datetime.timedelta(days=1))
    hours = range(begin, end, HOUR)
    parts = {place: [hour_of_place(sensors, start) for start in hours]
             for place, sensors in places.items()}
    found = []
    for number, start in enumerate(hours):
        shares = [(mean, readings) for mean, weight, readings in
                  (parts[place][number] for place in parts) if weight]
        found.append(cell_of(gateway, HOURLY, start, start + HOUR, shares))
    days = []
    for hourly in parts.values():
        weight = sum(part[1] for part in hourly)
        if weight:
            area = sum(mean * held for mean, held, _ in hourly if held)
            days.append((half_up(fractions.Fraction(area, weight)),
                         sum(part[2] for part in hourly)))
    return found + [cell_of(gateway, DAILY, begin, end, days)]


def cells(folder):
    rows = read(folder)
    home, series = gateway_of(rows), kept(rows)
    found = []
    for gateway in range(len(GATEWAYS)):
        by_day = collections.defaultdict(
            lambda: collections.defaultdict(lambda: collections.defaultdict(dict)))
        for place in sorted(series):
            if home[place] != gateway:
                continue
            for sensor, values in series[place].items():
                for seconds, value in values.items():
                    date = datetime.datetime.fromtimestamp(seconds, TIME_ZONE).date()
                    by_day[date][place][sensor][seconds] = value
        for date in sorted(by_day):
            found += sheet(gateway, by_day[date], date)
    return found


def main():
    parser = argparse.ArgumentParser(description="Every PM2.5 cell of the riverside demo.")
    parser.add_argument("folder", help="with archives of Sensor.Community, *.tar.gz")
    arguments = parser.parse_args()
    json.dump({"cells": cells(arguments.folder), "quarantined": quarantined(arguments.folder)},
              sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
