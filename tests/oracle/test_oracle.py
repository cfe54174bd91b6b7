"""The oracle itself, held to figures worked out by hand and to the known counts of London."""

import collections
import datetime
import os
import pathlib

import pytest

import london

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAY = datetime.datetime(2013, 1, 14)


def write(path, rows):
    path.write_text("LCLid,tstp,energy(kWh/hh)\n" +
                    "".join(f"{home},{stamp:%Y-%m-%d %H:%M:%S}, {text} \n"
                            for home, stamp, text in rows))
    return str(path)


def steady(homes, start=DAY, slots=48, text="0.1"):
    return [(home, start + datetime.timedelta(minutes=30 * slot), text)
            for home in homes for slot in range(slots)]


def plan(homes):
    return [(home, 0, True, True) for home in homes]


@pytest.mark.parametrize("text, want", [
    ("0.204", 204), ("1.4220001", 1422), ("0.0005", 1), ("0.0004999", 0), ("25", 25000),
    ("25.0004", 25000), ("25.0005", None), ("-0.0004", 0), ("-0.0005", None), ("1e-3", 1),
    ("Null", None), ("", None), ("+1", None), ("nan", None), ("1.", None)])
def test_watt_hours_are_rounded_exactly_and_bounded(text, want):
    assert london.watt_hours(text) == want


def test_a_steady_day_of_ten_homes_is_released_whole(tmp_path):
    homes = [f"home-{i}" for i in range(10)]
    path = write(tmp_path / "a.csv", steady(homes))
    found, reasons = london.cells_and_reasons(path, plan(homes))
    assert len(found) == 25 and not reasons
    assert found[0] == {
        "gateway": "gw-mill-lane", "rule": "load-hourly", "metric": "load", "unit": "Wh",
        "zone": "mill-lane", "start": "2013-01-14T00:00:00Z", "end": "2013-01-14T01:00:00Z",
        "status": "released", "count": 10, "sum": 2000, "mean": 200, "completeness_pct": 100,
        "homes_in_zone": 10}
    assert (found[24]["rule"], found[24]["sum"]) == ("load-daily", 48000)


def test_a_missing_hour_takes_the_earliest_equal_hour_with_it(tmp_path):
    homes = [f"home-{i}" for i in range(10)]
    rows = [row for row in steady(homes) if row[0] != "home-3" or row[1].hour != 5]
    _, reasons = london.cells_and_reasons(write(tmp_path / "a.csv", rows), plan(homes))
    assert reasons == {
        ("gw-mill-lane", "load-hourly", "2013-01-14T05:00:00Z"): "too-few-households",
        ("gw-mill-lane", "load-hourly", "2013-01-14T00:00:00Z"): "complementary"}


@pytest.mark.parametrize("date, hours, first", [
    ((2013, 3, 31), 23, "2013-03-31T00:00:00Z"), ((2013, 10, 27), 25, "2013-10-26T23:00:00Z")])
def test_days_of_clock_changes_have_23_and_25_hours(tmp_path, date, hours, first):
    homes = [f"home-{i}" for i in range(10)]
    rows = steady(homes, datetime.datetime(*date, 12), 1)
    found = london.cells(write(tmp_path / "a.csv", rows), plan(homes))
    assert collections.Counter(cell["rule"] for cell in found) == {
        "load-hourly": hours, "load-daily": 1}
    assert found[0]["start"] == found[-1]["start"] == first


def test_who_shares_nothing_is_kept_and_who_accepted_nothing_is_not(tmp_path):
    homes = [f"home-{i}" for i in range(12)]
    people = plan(homes[:10]) + [(homes[10], 0, True, False), (homes[11], 0, False, True)]
    path = write(tmp_path / "a.csv", steady(homes))
    assert {cell["count"] for cell in london.cells(path, people)} == {10}
    assert {cell["homes_in_zone"] for cell in london.cells(path, people)} == {12}
    assert {home for _, home in london.stored(path, people)} == set(homes[:11])


def test_a_day_that_only_someone_who_shares_nothing_filled_is_a_suppressed_sheet(tmp_path):
    path = write(tmp_path / "a.csv", steady(["home-1"]))
    found = london.cells(path, [("home-1", 0, True, False)])
    assert [cell["status"] for cell in found] == ["suppressed"] * 25
    assert not any("sum" in cell for cell in found)


def test_the_first_of_two_values_for_one_half_hour_wins(tmp_path):
    rows = [("home-1", DAY, "99"), ("home-1", DAY, "0.2"), ("home-1", DAY, "0.3")]
    kept = london.stored(write(tmp_path / "a.csv", rows), plan(["home-1"]))
    assert list(kept[0, "home-1"].values()) == [200]  # 99 kWh is out of bounds: no value at all


def test_the_london_week_has_its_known_counts():
    shared = pathlib.Path(os.environ.get("COMMONS_SHARED", ROOT.parent / "shared"))
    path = shared / "data/london-load/week-2013-01-14.csv"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    counts = collections.Counter((cell["rule"], cell["status"]) for cell in london.cells(path))
    assert counts == {("load-hourly", "released"): 295, ("load-hourly", "suppressed"): 209,
                      ("load-daily", "released"): 21}
