"""The oracle of kinds, held to figures worked out by hand, and its golden file to the oracle."""

import pathlib
import re

import pytest

import kinds

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = pathlib.Path(__file__).with_name("kinds.golden")


def use(values, rollover=None, step_max=None):
    readings = [(60_000 * i, value) for i, value in enumerate(values)]
    found, odd = kinds.increases(readings[1:], readings[0], 60_000, rollover, step_max)
    return [increase for _, increase in found], odd


@pytest.mark.parametrize("levels, scale, want", [
    ([(40, 1), (60, 1)], 10, 57), ([(4000, 1), (6000, 1)], 1000, 5703), ([(50, 9), (70, 1)], 10, 60),
    ([(7, 3)], 100, 7), ([(-10, 1), (-10, 5)], 10, -10)])
def test_a_mean_of_levels_is_that_of_their_energy(levels, scale, want):
    assert kinds.energy_mean(levels, scale) == want


@pytest.mark.parametrize("values, known, want", [
    ([100, 103, 110], {}, ([3, 7], {})),
    ([100, 3, 5], {}, ([3, 2], {"reset": 1})),
    ([100, 0, 104], {}, ([0, 4], {"dip": 1})),
    ([100, 0, 2, 1, 104], {"step_max": 10}, ([0, 0, 0, 4], {"dip": 3})),
    ([100, 5000, 104], {"step_max": 10}, ([0, 4], {"spike": 1})),
    ([100, 5000, 5004], {"step_max": 10}, ([0, 4], {"replaced": 1})),
    ([995, 4, 8], {"rollover": 1000}, ([9, 4], {"rollover": 1})),
    ([899, 4], {"rollover": 1000}, ([4], {"reset": 1}))])
def test_a_counter_is_what_was_used(values, known, want):
    assert use(values, **known) == want


def test_a_state_is_the_share_of_time_it_was_on():
    case = {"kind": "state", "scale": 10, "hi": 100, "interval": 150_000, "rollover": None,
            "step_max": None, "before": None,
            "readings": [(0, 1), (100_000, 0), (300_000, 100)], "windows": [(0, 3_600_000)]}
    assert kinds.contributions(case) == [(67, 3, 600)]


def test_the_golden_file_is_what_the_oracle_says():
    lines = GOLDEN.read_text().splitlines()
    assert len(lines) == 150
    for number, line in enumerate(lines, 1):
        case, results = kinds.parse(line)
        assert kinds.contributions(case) == results, number
        assert kinds.write(case) == line, number


def test_the_gateways_tables_are_exact():
    source = (ROOT / "gateway/privacy/energy_mean.cc").read_text()
    numbers = [int(n) for n in re.findall(r"\b\d{19}\b|\b[3-9]\d{17}\b", source)]
    assert numbers == kinds.constants()
