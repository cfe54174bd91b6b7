"""The oracles themselves, held to figures worked out by hand and to known counts."""

import collections
import datetime
import io
import os
import pathlib
import tarfile

import pytest

import air
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


# -- PM2.5 at places.

def archive(folder, rows, name="a_sds011_1.csv"):
    """`rows`: (sensor, location, stamp, P2)."""
    text = "sensor_id;sensor_type;location;lat;lon;timestamp;P1;P2\n" + "".join(
        f"{sensor};SDS011;{place};57;-2;{stamp};9;{value}\n" for sensor, place, stamp, value in rows)
    with tarfile.open(folder / "a.tar.gz", "w:gz") as out:
        for member_name in (name, "a_dht22_2.csv"):
            member = tarfile.TarInfo(member_name)
            member.size = len(text.encode())
            out.addfile(member, io.BytesIO(text.encode()))
    return folder


def at(found, gateway, rule, start):
    chosen, = (cell for cell in found if (cell["gateway"], cell["rule"], cell["start"]) ==
               (air.GATEWAYS[gateway], rule, start))
    return tuple(chosen.get(key) for key in ("count", "sum", "mean", "completeness_pct"))


@pytest.mark.parametrize("text, want", [
    ("0.80", 80), ("1.005", 101), ("1.0049", 100), ("999", 99900), ("999.004", 99900),
    ("999.005", None), ("999.90", None), ("1999.90", None), ("-0.004", 0), ("-0.005", None),
    ("0", 0)])
def test_dust_is_rounded_exactly_and_bounded(text, want):
    assert air.steps(text) == want


def test_a_level_holds_for_two_intervals_and_never_past_its_hour(tmp_path):
    # 1.00 for 100 s, 4.00 for 300 s: 32.5 of ten; then a minute until the hour ends.
    found = air.cells(archive(tmp_path, [
        ("7", "3", "2019-01-05T10:00:00", "1.00"), ("7", "3", "2019-01-05T10:01:40", "4.00"),
        ("7", "3", "2019-01-05T11:59:00", "0.50"), ("7", "3", "2019-01-05T12:00:30", "0.70")]))
    assert at(found, 0, air.HOURLY, "2019-01-05T10:00:00Z") == (1, 325, 325, 8)
    assert at(found, 0, air.HOURLY, "2019-01-05T11:00:00Z") == (1, 50, 50, 4)
    assert at(found, 0, air.HOURLY, "2019-01-05T13:00:00Z") == (None,) * 4
    # The day: (325 x 400 + 50 x 60 + 70 x 300) / 760 = 202.6.
    assert at(found, 0, air.DAILY, "2019-01-05T00:00:00Z") == (1, 203, 203, 0)
    assert len(found) == 25


def test_the_sensors_of_a_place_are_one_mean_and_places_are_added(tmp_path):
    found = air.cells(archive(tmp_path, [
        ("7", "3", "2019-01-05T10:00:00", "1.00"), ("8", "3", "2019-01-05T10:00:00", "2.00"),
        ("8", "3", "2019-01-05T10:05:00", "2.00"),
        ("9", "20", "2019-01-05T10:00:00", "5.00"), ("9", "30", "2019-01-05T10:00:00", "6.00"),
        ("9", "100", "2019-01-05T10:00:00", "7.01")]))
    # Locations 100, 20, 3, 30 as text: 100 and 30 are of the first gateway. 600 + 701; and
    # (100 x 300 + 200 x 600) / 900 = 166.7.
    assert at(found, 0, air.HOURLY, "2019-01-05T10:00:00Z") == (2, 1301, 651, 4)
    assert at(found, 1, air.HOURLY, "2019-01-05T10:00:00Z") == (1, 500, 500, 4)
    assert at(found, 2, air.HOURLY, "2019-01-05T10:00:00Z") == (1, 167, 167, 12)


def test_saturation_is_quarantined_and_an_empty_value_is_nothing(tmp_path):
    folder = archive(tmp_path, [
        ("7", "3", "2019-01-05T10:00:00", "1999.90"), ("7", "3", "2019-01-05T10:00:00", "2.00"),
        ("7", "3", "2019-01-05T10:00:00", "3.00"), ("7", "4", "2019-01-05T10:00:00", "")])
    assert air.quarantined(folder) == {"gw-mill-lane": 1}
    found = air.cells(folder)
    assert at(found, 0, air.HOURLY, "2019-01-05T10:00:00Z") == (1, 200, 200, 4)
    assert {cell["gateway"] for cell in found} == {"gw-mill-lane"}


def test_an_evening_in_summer_belongs_to_the_next_civil_day(tmp_path):
    found = air.cells(archive(tmp_path, [("7", "3", "2019-05-05T23:00:00", "1.00")]))
    assert found[0]["start"] == found[-1]["start"] == "2019-05-05T23:00:00Z"
    assert found[-1]["end"] == "2019-05-06T23:00:00Z"
    assert [cell["status"] for cell in found] == ["released"] + ["suppressed"] * 23 + ["released"]
