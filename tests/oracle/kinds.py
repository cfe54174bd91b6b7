#!/usr/bin/python3
"""What an owner's readings of a day become, computed a second time and independently: levels, states,
events and counters, straight from the words of docs/policy-guide.md, with decimals of 60 digits where
the gateway has tables of integers.

  contributions(case)   [(value, readings, weight)], one for each window
  parse(line), write(case)   a case and its result as a line of kinds.golden
  main: prints the lines of kinds.golden anew
"""

import decimal
import fractions
import random
import sys

decimal.getcontext().prec = 60
TEN = decimal.Decimal(10)
FAULTS_MAX = 3


def half_up(number):
    """A fraction to the nearest integer, halves away from zero."""
    magnitude = abs(number) + fractions.Fraction(1, 2)
    return magnitude.numerator // magnitude.denominator * (-1 if number < 0 else 1)


def constants():
    """The tables of gateway/privacy/energy_mean.cc."""
    def share(k, n):
        return int((TEN ** (decimal.Decimal(-k) / n) * 2 ** 62).to_integral_value())
    return [share(k, n) for n in (10, 100, 1000) for k in range(10)] + [share(1, 2000)]


def energy_mean(levels, steps_per_bel):
    """levels: [(level, weight)]. The mean of the energy as a level, to the nearest step."""
    total = sum(weight for _, weight in levels)
    energy = sum(weight * TEN ** (decimal.Decimal(level) / steps_per_bel)
                 for level, weight in levels)
    exact = (energy / total).log10() * steps_per_bel
    return int(exact.to_integral_value(rounding=decimal.ROUND_HALF_UP))


def largest(step_max, interval, before, after):
    """How much an index can grow from one reading to another; None if nobody knows."""
    if step_max is None:
        return None
    elapsed = max(after[0] - before[0], interval)
    return -(-step_max * elapsed // interval)  # rounded up


def increases(readings, before, interval, rollover, step_max):
    """[(time, increase)] and {reason: number of readings}."""
    found, odd = [], {}
    trusted = before

    def may(growth, later):
        most = largest(step_max, interval, trusted, later)
        return growth >= 0 and (most is None or growth <= most)

    for i, (time, value) in enumerate(readings):
        here = (time, value)
        if trusted is None:
            found.append((time, 0))
            trusted = here
            continue
        grown = value - trusted[1]
        if may(grown, here):
            found.append((time, grown))
            trusted = here
            continue
        following = readings[i + 1:i + 1 + (FAULTS_MAX if step_max is not None else 1)]
        if grown < 0:
            recovers = any(may(later[1] - trusted[1], later) for later in following)
        else:
            recovers = any(later[1] < value and may(later[1] - trusted[1], later)
                           for later in following)
        if recovers:
            reason, added = ("dip" if grown < 0 else "spike"), 0
        elif grown < 0 and rounds(trusted[1], value, rollover, step_max,
                                  lambda growth: may(growth, here)):
            reason, added = "rollover", value + rollover - trusted[1]
        elif grown < 0 and may(value, here):
            reason, added = "reset", value
        else:
            reason, added = "replaced", 0
        odd[reason] = odd.get(reason, 0) + 1
        found.append((time, added))
        if not recovers:
            trusted = here
    return found, odd


def rounds(before, after, rollover, step_max, may):
    if rollover is None or before > rollover:
        return False
    if step_max is not None:
        return may(after + rollover - before)
    return before >= rollover - rollover // 10 and after <= rollover // 10


def held(readings, window, interval):
    """[(value, whole seconds)] of the readings in a window."""
    found = []
    for i, (time, value) in enumerate(readings):
        if not window[0] <= time < window[1]:
            continue
        end = min(time + 2 * interval, window[1])
        if i + 1 < len(readings):
            end = min(end, readings[i + 1][0])
        found.append((value, (end - time) // 1000))
    return found


def contributions(case):
    kind, readings, result = case["kind"], case["readings"], []
    amounts = readings
    if kind == "counter":
        amounts, _ = increases(readings, case["before"], case["interval"], case["rollover"],
                               case["step_max"])
    for window in case["windows"]:
        inside = held(readings, window, case["interval"])
        weight = sum(seconds for _, seconds in inside)
        if kind in ("delta", "event", "counter"):
            value = sum(amount for time, amount in amounts if window[0] <= time < window[1])
            weight = 0
        elif weight == 0:
            value = 0
        elif kind == "level":
            value = energy_mean([each for each in inside if each[1] > 0], case["scale"])
        else:
            if kind == "state":
                inside = [(case["hi"] if on else 0, seconds) for on, seconds in inside]
            value = half_up(fractions.Fraction(sum(v * s for v, s in inside), weight))
        result.append((value, len(inside), weight))
    return result


def write(case):
    """kind scale hi interval rollover step_max before readings windows = results; -1 is none."""
    def pairs(many):
        return " ".join(f"{a},{b}" for a, b in many) or "-"
    none = (lambda value: -1 if value is None else value)
    before = [case["before"]] if case["before"] else []
    results = " ".join(f"{v},{r},{w}" for v, r, w in contributions(case))
    return (f"{case['kind']} {case['scale']} {case['hi']} {case['interval']} "
            f"{none(case['rollover'])} {none(case['step_max'])} | {pairs(before)} | "
            f"{pairs(case['readings'])} | {pairs(case['windows'])} | {results}")


def parse(line):
    """A case, and the results that the line says."""
    head, before, readings, windows, results = (part.split() for part in line.split("|"))

    def tuples(words):
        return [tuple(int(n) for n in word.split(",")) for word in words if word != "-"]
    kind, (scale, high, interval, rollover, step_max) = head[0], (int(word) for word in head[1:])
    case = {"kind": kind, "scale": scale, "hi": high, "interval": interval,
            "rollover": None if rollover < 0 else rollover,
            "step_max": None if step_max < 0 else step_max,
            "before": (tuples(before) or [None])[0], "readings": tuples(readings),
            "windows": tuples(windows)}
    return case, tuples(results)


def invent(draw):
    """A random case: a day of six hours with odd distances and, of a counter, odd readings."""
    kind = draw.choice(("level", "level", "state", "event", "counter", "counter", "gauge"))
    interval = draw.choice((60_000, 300_000, 900_000))
    times, time = [], draw.randrange(0, interval)
    while time < 6 * 3_600_000:
        times.append(time)
        time += draw.choice((interval, interval, draw.randrange(1, 4 * interval)))
    times = sorted(draw.sample(times, min(len(times), 30)))
    scale, high = draw.choice((10, 100, 1000)), draw.choice((1, 100, 10_000))
    rollover = draw.choice((None, 10_000)) if kind == "counter" else None
    step_max = draw.choice((None, 40)) if kind == "counter" else None
    index = draw.choice((0, 500, 9_900))
    before = (-interval, index) if kind == "counter" and draw.random() < 0.7 else None
    values = []
    for _ in times:
        if kind == "counter":
            index += draw.randrange(0, 30)
            fate = draw.random()
            if rollover and index >= rollover:
                index -= rollover
            if fate < 0.05:
                index = draw.choice((0, 7, 5_000))  # restarted or exchanged
            odd = fate > 0.85
            values.append(draw.choice((0, 3, 9_999, 100_000)) if odd else index)
        elif kind == "state":
            values.append(draw.choice((0, 1, high)))
        elif kind == "event":
            values.append(draw.randrange(0, 5))
        else:
            values.append(draw.randrange(-2 * scale, 12 * scale))
    windows = [(hour * 3_600_000, (hour + 1) * 3_600_000) for hour in range(6)]
    if draw.random() < 0.5:
        windows = [(0, 6 * 3_600_000)]
    return {"kind": kind, "scale": scale, "hi": high, "interval": interval, "rollover": rollover,
            "step_max": step_max, "before": before, "readings": list(zip(times, values)),
            "windows": windows}


def main():
    draw = random.Random(2013)
    for _ in range(150):
        print(write(invent(draw)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
