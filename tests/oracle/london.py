#!/usr/bin/python3
"""The riverside demo's cells, computed a second time and independently.

Reads half-hourly meter readings (columns LCLid,tstp,energy(kWh/hh); a stamp is the start of its
half hour, taken as UTC) and computes every cell of every sheet that three gateways under the
riverside policy must decide, straight from the words of docs/architecture.md section 6 and with
nothing but Python's library. It shares no code with the gateway, on purpose.

  cells(path)                 a list of cells, as `deploy/demo --once --format json` has them
  cells_and_reasons(path)     the same list, and {(gateway, rule, start): reason} of the suppressed
  stored(path)                {(gateway, household): {stamp: Wh}}, what the gateways must keep

All take plan=[(household, gateway index, accepted, shares), ...] for input that is not
distributed as a meter replay is.
"""

import argparse
import collections
import csv
import datetime
import decimal
import json
import re
import sys
import zoneinfo

GATEWAYS = ("gw-mill-lane", "gw-harbour", "gw-orchard")
ZONES = ("mill-lane", "harbour", "orchard")
METRIC, UNIT = "load", "Wh"
LOWEST, HIGHEST = 0, 25000
INTERVAL_S = 1800
TIME_ZONE = zoneinfo.ZoneInfo("Europe/London")
HOURLY, DAILY = "load-hourly", "load-daily"
K_MIN, TOP1_MAX_PCT = 10, 30
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


def watt_hours(text):
    """Whole Wh of a kWh text, halves away from zero; None if it is no number or out of bounds."""
    if not NUMBER.fullmatch(text):
        return None
    with decimal.localcontext() as context:
        context.prec = 200
        exact = decimal.Decimal(text) * 1000
        value = int(exact.to_integral_value(rounding=decimal.ROUND_HALF_UP))
    return value if LOWEST <= value <= HIGHEST else None


def read_rows(path):
    """(household, stamp, kWh text) of every line, in the file's order."""
    rows = []
    with open(path, newline="", encoding="utf-8-sig") as file:
        for line in csv.reader(file):
            if len(line) != 3 or line[0].strip() == "LCLid":
                continue
            stamp = datetime.datetime.strptime(line[1].strip()[:19], "%Y-%m-%d %H:%M:%S")
            rows.append((line[0].strip(), stamp.replace(tzinfo=datetime.timezone.utc),
                         line[2].strip()))
    return rows


def replay_plan(households):
    """How `deploy/demo --replay` distributes households: in the order of their ids, from 0."""
    return [(household, i % 3, i % 20 != 19, i % 20 != 9)
            for i, household in enumerate(sorted(households))]


def stored(path, plan=None):
    """{(gateway index, household): {stamp: Wh}} of all accepted households."""
    rows = read_rows(path)
    plan = plan if plan is not None else replay_plan({row[0] for row in rows})
    kept = {household: {} for household, _, accepted, _ in plan if accepted}
    for household, stamp, text in rows:
        value = watt_hours(text)
        if household in kept and value is not None:
            kept[household].setdefault(stamp, value)  # the first of two for one half hour wins
    return {(gateway, household): kept[household]
            for household, gateway, accepted, _ in plan if accepted}


def civil_day(date):
    """The instants at which a civil day of the commons begins and ends."""
    def midnight(day):
        local = datetime.datetime.combine(day, datetime.time(), TIME_ZONE)
        return local.astimezone(datetime.timezone.utc)
    return midnight(date), midnight(date + datetime.timedelta(days=1))


def hours_of(start, end):
    """The UTC hours that start within a day."""
    hour = datetime.timedelta(hours=1)
    first = start.replace(minute=0, second=0, microsecond=0)
    first += hour if first < start else datetime.timedelta()
    hours = []
    while first < end:
        hours.append((first, first + hour))
        first += hour
    return hours


def judge(shares):
    """None if a bucket with these households' [Wh, ...] sums is safe, else why it is not."""
    if len(shares) < K_MIN:
        return "too-few-households"
    if max(shares) * 100 > TOP1_MAX_PCT * sum(shares):
        return "dominance"
    return None


def decide_sheet(sharing, day):
    """[(rule, window, reason, sums, number of readings)] of one zone and civil day.

    `sharing`: one {stamp: Wh} for each household with a grant. Both rules have the same grants,
    so their sets are the same and neither is suppressed for overlap.
    """
    def part(windows):
        chosen = [[value for stamp, value in readings.items()
                   if any(start <= stamp < end for start, end in windows)]
                  for readings in sharing]
        chosen = [values for values in chosen if values]
        return [sum(values) for values in chosen], sum(len(values) for values in chosen)

    hours = hours_of(*day)
    hour_part = {hour: part([hour]) for hour in hours}
    reason = {hour: judge(hour_part[hour][0]) for hour in hours}
    day_part = part([day])
    day_reason = judge(day_part[0])
    while day_reason is None:
        hidden = [hour for hour in hours if reason[hour]]
        if not hidden or (len(hidden) >= 2 and judge(part(hidden)[0]) is None):
            break
        shown = [hour for hour in hours if not reason[hour]]
        if not shown:
            break
        reason[min(shown, key=lambda hour: (sum(hour_part[hour][0]), hour))] = "complementary"
    return ([(HOURLY, hour, reason[hour], *hour_part[hour]) for hour in hours] +
            [(DAILY, day, day_reason, *day_part)])


def text_of(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def cell_of(gateway, homes, rule, window, reason, sums, readings):
    cell = {"gateway": GATEWAYS[gateway], "rule": rule, "metric": METRIC, "unit": UNIT,
            "zone": ZONES[gateway], "start": text_of(window[0]), "end": text_of(window[1]),
            "status": "suppressed" if reason else "released"}
    if not reason:
        count, total = len(sums), sum(sums)
        seconds = int((window[1] - window[0]).total_seconds())
        cell.update(count=count, sum=total, mean=(2 * total + count) // (2 * count),
                    completeness_pct=min(100, 100 * readings * INTERVAL_S // (count * seconds)),
                    homes_in_zone=homes)
    return cell


def cells_and_reasons(path, plan=None):
    if plan is None:
        plan = replay_plan({row[0] for row in read_rows(path)})
    shares = {household for household, _, accepted, sharing in plan if accepted and sharing}
    kept = stored(path, plan)
    cells_, reasons = [], {}
    for gateway in range(len(GATEWAYS)):
        homes = sum(1 for entry in plan if entry[1] == gateway)
        by_day = collections.defaultdict(lambda: collections.defaultdict(dict))
        for (owner, household), readings in kept.items():
            for stamp, value in readings.items() if owner == gateway else ():
                by_day[stamp.astimezone(TIME_ZONE).date()][household][stamp] = value
        for date in sorted(by_day):
            sharing = [by_day[date][household] for household in by_day[date]
                       if household in shares]
            for rule, window, reason, sums, readings in decide_sheet(sharing, civil_day(date)):
                cells_.append(cell_of(gateway, homes, rule, window, reason, sums, readings))
                if reason:
                    reasons[(GATEWAYS[gateway], rule, text_of(window[0]))] = reason
    return cells_, reasons


def cells(path, plan=None):
    return cells_and_reasons(path, plan)[0]


def main():
    parser = argparse.ArgumentParser(description="Every cell of the riverside demo, from a CSV.")
    parser.add_argument("csv", help="columns LCLid,tstp,energy(kWh/hh)")
    parser.add_argument("--plan", help="JSON file: [[household, gateway index, accepted, shares]]")
    parser.add_argument("--reasons", action="store_true", help="also why cells are suppressed")
    parser.add_argument("--summary", action="store_true", help="only how many cells are what")
    arguments = parser.parse_args()
    plan = None
    if arguments.plan:
        with open(arguments.plan, encoding="utf-8") as file:
            plan = [tuple(entry) for entry in json.load(file)]
    found, reasons = cells_and_reasons(arguments.csv, plan)
    if arguments.summary:
        counts = collections.Counter(
            (cell["rule"], reasons.get((cell["gateway"], cell["rule"], cell["start"]), "released"))
            for cell in found)
        for (rule, outcome), count in sorted(counts.items()):
            print(f"{rule} {outcome} {count}")
        return
    result = {"cells": found}
    if arguments.reasons:
        result["reasons"] = [{"gateway": gateway, "rule": rule, "start": start, "reason": reason}
                             for (gateway, rule, start), reason in reasons.items()]
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
