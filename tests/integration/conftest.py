"""What the integration tests share: real mosquitto, real commonsd, real commons."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy"), str(ROOT / "tests/oracle")]

import canaries  # noqa: E402
from replay import commons as commons_module  # noqa: E402
from replay import homes as homes_module  # noqa: E402


@pytest.fixture(autouse=True)
def nothing_readable_on_disk(monkeypatch):
    """After every test: no file of any gateway, its log included, names a home, place, device or
    topic."""
    leave = commons_module.Commons.__exit__

    def search_and_leave(commons, *error):
        hits = []
        for gateway in commons.gateways.values():
            gateway.kill()
            hits += canaries.found_in(gateway.dir, canaries.words_of(commons), [gateway.log])
        leave(commons, *error)
        assert hits == []

    monkeypatch.setattr(commons_module.Commons, "__exit__", search_and_leave)


@pytest.fixture(scope="session")
def programs():
    """The folder with commonsd and commons, from ctest."""
    folder = pathlib.Path(os.environ.get("COMMONS_BIN", ROOT / "build/release/bin"))
    for name in ("commonsd", "commons"):
        assert (folder / name).exists(), f"{folder / name} is not built"
    return folder


@pytest.fixture(scope="session")
def london_csv():
    path = homes_module.shared_folder() / homes_module.LONDON
    if not path.is_file():
        pytest.skip(f"{path} is absent: set COMMONS_SHARED to the folder that holds data/")
    return path


@pytest.fixture(scope="session")
def read_store(programs):
    """Reads a stopped gateway's readings back: {(device, time): value}."""
    def read(gateway, devices):
        done = subprocess.run(
            [programs / "read_store", gateway.dir, gateway.key_file],
            input="".join(f"{device} load\n" for device in devices),
            capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        found = {}
        for line in done.stdout.splitlines():
            device, metric, stamp, value = line.split()
            assert device != "unknown", "the store keeps a reading of a series nobody enrolled"
            assert metric == "load"
            assert (device, stamp) not in found, f"{device} {stamp} is stored twice"
            found[device, stamp] = int(value)
        return found
    return read
