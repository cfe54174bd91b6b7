"""Backups of a running gateway: made, checked, put back."""

import json
import random
import shutil
import subprocess
import time

import cells as compare
from replay.commons import Commons
from test_consent import made_homes


def run(programs, *arguments, ok=True):
    done = subprocess.run([programs / "commons", *map(str, arguments), "--format", "json"],
                          capture_output=True, text=True, timeout=300)
    assert (done.returncode == 0) == ok, done.stderr
    return json.loads(done.stdout) if done.stdout else {}


def create(gateway, folder):
    return run(gateway.programs, "--dir", gateway.dir, "backup", "create", "--to", folder)


def test_a_restored_gateway_has_the_same_cells_and_readings(programs, tmp_path, read_store):
    homes = made_homes()
    folder = tmp_path / "backups"
    with Commons(programs, homes, which=(0,)) as commons:
        commons.start()
        gateway = commons.gateways[0]
        commons.feed()
        commons.decide()
        before = commons.cells()
        first, second = create(gateway, folder), create(gateway, folder)
        assert second["bytes_new"] < first["bytes_new"]
        assert run(programs, "backup", "verify", folder)["problems"] == []
        run(programs, "--dir", gateway.dir, "backup", "restore", folder, ok=False)  # It runs.
        assert gateway.stop() == 0
        devices = [home.device for home in homes]
        readings = sorted(map(str, read_store(gateway, devices).items()))
        run(programs, "--dir", gateway.dir, "backup", "restore", folder)
        gateway.start()
        compare.assert_same(commons.cells(), before)
        assert gateway.stop() == 0
        assert sorted(map(str, read_store(gateway, devices).items())) == readings


def test_killed_while_it_restores_it_can_be_repeated(programs, tmp_path):
    rng = random.Random(7)
    folder = tmp_path / "backups"
    with Commons(programs, made_homes(), which=(0,)) as commons:
        commons.start()
        gateway = commons.gateways[0]
        commons.feed()
        commons.decide()
        before = commons.cells()
        create(gateway, folder)
        assert gateway.stop() == 0
        for _ in range(20):
            restoring = subprocess.Popen(
                [programs / "commons", "--dir", gateway.dir, "backup", "restore", folder],
                stdout=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.0, 0.05))
            restoring.kill()
            restoring.wait()
        run(programs, "--dir", gateway.dir, "backup", "restore", folder)
        gateway.start()
        compare.assert_same(commons.cells(), before)


def test_a_gateway_killed_while_it_copies_leaves_the_older_backup_whole(programs, tmp_path):
    folder = tmp_path / "backups"
    with Commons(programs, made_homes(), which=(0,)) as commons:
        commons.start()
        gateway = commons.gateways[0]
        first = create(gateway, folder)
        commons.feed()
        creating = subprocess.Popen([programs / "commons", "--dir", gateway.dir, "backup", "create",
                                     "--to", folder], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        time.sleep(0.02)
        gateway.kill()
        creating.wait(30)
        assert run(programs, "backup", "verify", folder, "--id", first["id"])["problems"] == []
        gateway.start()
        create(gateway, folder)
        assert run(programs, "backup", "verify", folder)["problems"] == []


def test_an_age_file_of_a_running_gateway_opens_and_is_whole(programs, tmp_path):
    if shutil.which("age") is None:
        import pytest
        pytest.skip("no age program here")
    identity = tmp_path / "me.txt"
    made = subprocess.run(["age-keygen", "-o", identity], capture_output=True, text=True, check=True)
    recipient = made.stderr.split()[-1]
    full, keys = tmp_path / "full.age", tmp_path / "keys.age"
    with Commons(programs, made_homes(), which=(0,)) as commons:
        commons.start()
        gateway = commons.gateways[0]
        run(programs, "--dir", gateway.dir, "backup", "create", "--file", full, "--recipient",
            recipient, "--keys", keys, "--keys-to", recipient)
        plain = subprocess.run(["age", "-d", "-i", identity, full], capture_output=True, check=True)
        assert plain.stdout.startswith(b"CGBS1\0")
        assert run(programs, "backup", "verify", full, "--identity", identity)["problems"] == []
        board = tmp_path / "board"
        run(programs, "--dir", board, "backup", "restore", full, "--identity", identity, "--keys",
            keys)
        assert (board / "keyslots").read_bytes() == (gateway.dir / "keyslots").read_bytes()
