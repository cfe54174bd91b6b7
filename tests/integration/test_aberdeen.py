"""`deploy/demo --replay aberdeen` against an independent computation, cell for cell, to the step."""

import collections
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile

import air
import cells as compare
import pytest
from replay import homes as homes_module

ROOT = pathlib.Path(__file__).resolve().parents[2]
ABERDEEN = "data/aberdeen-air"
HEAD = "sensor_id;sensor_type;location;lat;lon;timestamp;P1;durP1;ratioP1;P2;durP2;ratioP2"


def run_demo(programs, shared):
    done = subprocess.run(
        [sys.executable, "-B", "-m", "replay", "--programs", programs, "--once", "--format", "json",
         "--replay", "aberdeen"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "deploy"), "COMMONS_SHARED": str(shared)},
        capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_as_computed(document, folder):
    compare.assert_same(document["cells"], air.cells(folder))
    assert {cell["resolution"] for cell in document["cells"]} == {"0.01"}
    assert [row["gateway"] for row in document["coverage"]] == list(homes_module.GATEWAYS)
    assert {(row["outcome"], row["reason"]) for row in document["denied"]} <= {
        ("quarantined", "out-of-range")}
    denied = {row["gateway"]: row["count"] for row in document["denied"]}
    assert denied == air.quarantined(folder)


def test_aberdeens_days_equal_the_independent_computation(programs):
    shared = homes_module.shared_folder()
    folder = shared / ABERDEEN
    if not any(folder.glob("*.tar.gz")):
        pytest.skip(f"{folder} is absent: set COMMONS_SHARED to the folder that holds data/")
    document = run_demo(programs, shared)
    assert_as_computed(document, folder)
    counts = collections.Counter((cell["rule"], cell["status"]) for cell in document["cells"])
    assert counts["pm25-daily", "released"] == 33
    assert counts["pm25-hourly", "released"] > 700


def made_up_rows():
    """A day and a half of seven sensors at six sites: gaps, bursts, saturation, a sensor that moved,
    two values for one second, rows without P2. Always the same."""
    rng = random.Random(20190505)
    sites = {"9": ["70"], "10": ["71"], "100": ["72"], "101": ["73", "74"], "102": ["75"],
             "103": ["71"]}
    for site, sensors in sites.items():
        for sensor in sensors:
            second = rng.randrange(200)
            while second < 36 * 3600:
                value = rng.choice(("999.90", "1999.90", "999", "0", "")) if (
                    rng.random() < 0.05) else f"{rng.uniform(0, 60):.2f}"
                stamp = f"2019-05-{5 + second // 86400:02d}T{second % 86400 // 3600:02d}:" \
                        f"{second % 3600 // 60:02d}:{second % 60:02d}"
                yield f"{sensor};SDS011;{site};57;-2;{stamp};1;;;{value};;"
                if rng.random() < 0.01:
                    yield f"{sensor};SDS011;{site};57;-2;{stamp};1;;;55.55;;"
                second += rng.choice((1, 7, 145, 145, 145, 146, 299, 300, 301, 4000))
    yield "76;SDS011;8;57;-2;2019-05-05T00:00:00;1;;;;;"


def test_saturated_moving_and_silent_sensors_equal_the_independent_computation(programs, tmp_path):
    folder = tmp_path / ABERDEEN
    folder.mkdir(parents=True)
    rows = list(made_up_rows())
    with tarfile.open(folder / "made-up.tar.gz", "w:gz") as archive:
        for number in range(2):
            text = "\n".join([HEAD, *rows[number::2]]) + "\n"
            member = tarfile.TarInfo(f"./day_{number}_sds011_sensors.csv")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    document = run_demo(programs, tmp_path)
    assert_as_computed(document, folder)
    assert set(air.quarantined(folder)) == set(homes_module.GATEWAYS)
    assert {cell["status"] for cell in document["cells"]} == {"released", "suppressed"}
