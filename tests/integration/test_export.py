"""What a resident gets: every reading that was sent, opened with the age of Debian, and by nobody
else."""

import csv
import datetime
import decimal
import io
import json
import shutil
import subprocess
import tarfile

import pytest

from replay.commons import Commons
from replay.feed import stamp_text
from replay.homes import Home

START = datetime.datetime(2013, 1, 30, tzinfo=datetime.timezone.utc)
CANARY = "17.2913"


def homes():
    return [Home(id=f"canaryflat-{number}", gateway=0,
                 readings=[(START + datetime.timedelta(minutes=30 * slot),
                            CANARY if slot % 7 == 0 else f"0.{100 + number}")
                           for slot in range(48 * 4)])
            for number in range(2)]


def opened(identity, path):
    return subprocess.run(["age", "-d", "-i", identity, path], capture_output=True, timeout=60,
                          check=False)


def rows_of(archive):
    """{(device, metric, time): value in kWh} of the CSV files, which say the same as the JSON."""
    rows = {}
    for name in archive.getnames():
        if not name.startswith("readings-") or not name.endswith(".csv"):
            continue
        text = archive.extractfile(name).read().decode()
        in_json = json.load(archive.extractfile(name[:-4] + ".json"))
        in_csv = list(csv.DictReader(io.StringIO(text, newline="")))
        assert in_json == [{key: value for key, value in row.items() if value} for row in in_csv]
        for row in in_csv:
            assert row["tier"] == "raw" and row["unit"] == "Wh"
            key = row["device"], row["metric"], row["time"]
            assert key not in rows
            rows[key] = decimal.Decimal(row["value"])
    return rows


@pytest.mark.skipif(shutil.which("age") is None, reason="the age program is not installed")
def test_an_export_holds_what_was_sent_and_opens_for_its_residents_only(programs):
    made = homes()
    with Commons(programs, made, which=(0,)) as commons:
        commons.start()
        commons.feed()
        gateway = commons.gateways[0]
        sealed, keys = {}, {}
        for home in made:
            sealed[home.id] = commons.folder / f"{home.id}.tar.age"
            keys[home.id] = commons.keys / f"{home.id}.age"
            gateway.cli("household", "export", home.id, "--out", sealed[home.id])
            gateway.cli("resident", "age-identity", "--key", commons.keys / f"{home.id}.key",
                        "--out", keys[home.id])
            assert sealed[home.id].stat().st_mode & 0o777 == 0o600
        for home in made:
            done = opened(keys[home.id], sealed[home.id])
            assert done.returncode == 0, done.stderr
            archive = tarfile.open(fileobj=io.BytesIO(done.stdout))
            # To the metric's resolution of one Wh, ties away from zero, as at the door.
            assert rows_of(archive) == {
                (home.device, "load", stamp_text(stamp)):
                    (decimal.Decimal(value) * 1000).quantize(decimal.Decimal(1),
                                                            decimal.ROUND_HALF_UP)
                for stamp, value in home.readings}
            household = json.load(archive.extractfile("household.json"))
            assert household["devices"] == [home.device]
            assert [grant["state"] for grant in household["grants"]] == ["given"]
            data = sealed[home.id].read_bytes()
            for word in (b"canaryflat", b"readings-", CANARY.encode(), home.device.encode()):
                assert word not in data
        assert opened(keys[made[0].id], sealed[made[1].id]).returncode != 0

        # What the operator is left with, exports included, shows no reading.
        for path in [*gateway.dir.rglob("*"), gateway.log, *sealed.values()]:
            if path.is_file():
                assert CANARY.encode() not in path.read_bytes(), path

        refused = gateway.run("household", "export", "nobody", "--out", commons.folder / "none.age")
        assert refused.returncode == 1 and "no such household" in refused.stderr
        assert not (commons.folder / "none.age").exists()
