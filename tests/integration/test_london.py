"""deploy/demo's JSON against an independent computation, cell for cell, to the integer."""

import collections
import json
import os
import pathlib
import subprocess
import sys

import cells as compare
import london
from replay import homes as homes_module

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run_demo(programs, *arguments):
    """As deploy/demo runs it after the build."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "replay", "--programs", programs, "--once", "--format", "json",
         *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "deploy")}, capture_output=True, text=True,
        timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def denied_readings(homes):
    counts = collections.Counter()
    for home in homes:
        if not home.accepted:
            counts[homes_module.GATEWAYS[home.gateway]] += len(home.readings)
    return counts


REFUSED = [{"who": "city-hall", "code": "FORBIDDEN", "rule": "f-coercive"},
           {"who": "city-hall", "code": "NOT_PERMITTED", "rule": ""},
           {"who": "stranger", "code": "UNKNOWN_PARTY", "rule": ""}]


def coverage_of(cells):
    """What a city that hears of everybody is told: who released anything, and who nothing."""
    rows = []
    for gateway in homes_module.GATEWAYS:
        statuses = {cell["status"] for cell in cells if cell["gateway"] == gateway}
        rows.append((gateway, "suppressed" if statuses == {"suppressed"} else "answered", "OK"))
    return rows


def assert_document(document, homes):
    assert set(document) == {"cells", "coverage", "refused", "denied"}
    assert [(row["gateway"], row["status"], row["code"])
            for row in document["coverage"]] == coverage_of(document["cells"])
    assert document["refused"] == REFUSED
    assert {row["gateway"]: row["count"] for row in document["denied"]} == denied_readings(homes)
    assert {(row["outcome"], row["reason"]) for row in document["denied"]} == {
        ("denied", "household-unconfirmed")}


def test_london_week_equals_the_independent_computation(programs, london_csv):
    document = run_demo(programs, "--replay", london_csv)
    compare.assert_same(document["cells"], london.cells(str(london_csv)))
    released = collections.Counter(cell["rule"] for cell in document["cells"]
                                   if cell["status"] == "released")
    assert released == {"load-hourly": 295, "load-daily": 21}
    assert len(document["cells"]) == 504 + 21
    assert_document(document, homes_module.read_csv(london_csv))


def test_default_input_equals_the_independent_computation(programs, tmp_path):
    homes = homes_module.generate()
    path = tmp_path / "made-up.csv"
    homes_module.write_csv(homes, path)
    document = run_demo(programs)
    compare.assert_same(document["cells"], london.cells(str(path), homes_module.plan_of(homes)))
    assert_document(document, homes)
    orchard = [cell for cell in document["cells"] if cell["zone"] == "orchard"]
    assert orchard and all(cell["status"] == "suppressed" for cell in orchard)


def test_a_demo_that_fails_leaves_nothing_running(programs, tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text("LCLid,tstp,energy(kWh/hh)\nH1,2013-01-14 00:00:00, 0.2\n", encoding="utf-8")
    demo = subprocess.Popen(
        [sys.executable, "-B", "-m", "replay", "--programs", tmp_path, "--once", "--replay", path],
        env={**os.environ, "PYTHONPATH": str(ROOT / "deploy"), "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert demo.wait(timeout=60) != 0
    assert not list(pathlib.Path("/dev/shm").glob(f"commons-broker-{demo.pid}-*"))
    assert not list(tmp_path.glob("commons-*"))
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert str(tmp_path).encode() not in entry.read_bytes()
        except OSError:
            continue
