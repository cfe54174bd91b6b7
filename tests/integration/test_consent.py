"""Who is in a cell, and of whom nothing is kept."""

import datetime
import subprocess

import cells as compare
import london
from replay.commons import Commons, due
from replay.feed import Feeder, messages_of, stamp_text
from replay.homes import Home, plan_of, write_csv

DAY = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)


def made_homes(count=13, days=2):
    """Households with a steady load each; every one of them is told by its sum."""
    return [Home(id=f"flat-{number:02d}", gateway=0,
                 readings=[(DAY + datetime.timedelta(minutes=30 * slot), f"0.{100 + number}")
                           for slot in range(48 * days)])
            for number in range(count)]


def oracle(homes, tmp_path):
    path = tmp_path / "homes.csv"
    write_csv(homes, path)
    return london.cells(str(path), plan_of(homes))


def test_a_household_that_shares_nothing_is_kept_but_in_no_cell(programs, tmp_path, read_store):
    homes = made_homes()
    homes[5].shares = False
    homes[12].accepted = False
    with Commons(programs, homes, which=(0,)) as commons:
        commons.start()
        commons.feed()
        commons.decide()
        found = commons.cells()
        compare.assert_same(found, oracle(homes, tmp_path))
        assert {cell["count"] for cell in found if cell["status"] == "released"} == {11}
        assert commons.denied() == [{"gateway": "gw-mill-lane", "outcome": "denied",
                                     "reason": "household-unconfirmed", "count": 96}]
        gateway = commons.gateways[0]
        assert gateway.stop() == 0
        kept = {device for device, _ in read_store(gateway, [home.device for home in homes])}
        assert kept == {home.device for home in homes[:12]}


def test_of_a_household_that_accepted_nothing_only_the_registry_entry_is_on_disk(programs):
    """Two gateways, the same but for the messages of a household that has not accepted: their
    stores hold the same number of rows and the same keys."""
    def row_counts(send):
        homes = made_homes(count=1, days=1)
        homes[0].accepted = False
        with Commons(programs, homes, which=(0,)) as commons:
            commons.start()
            if send:
                commons.feed()
            gateway = commons.gateways[0]
            status = gateway.status()
            assert status["denied"] == (48 if send else 0)
            assert status["journaled"] == status["stored"] == status["open_days"] == 0
            assert gateway.stop() == 0
            done = subprocess.run([programs / "read_store", "--rows", gateway.dir,
                                   gateway.key_file], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=60, check=True)
            return done.stdout
    silent, talking = row_counts(False), row_counts(True)
    assert "registry" in silent and "blocks 0 " in silent and "journal 0 " in silent
    assert talking == silent


def stamp_of(message):
    return message[1].rsplit('"time": "', 1)[1].split('"')[0]


def test_a_withdrawal_at_three_removes_the_whole_day(programs, tmp_path):
    homes = made_homes(days=3)
    third = DAY + datetime.timedelta(days=2)
    afternoon = third + datetime.timedelta(hours=15)
    rows = messages_of(homes)
    early = [row for row in rows if stamp_of(row) < stamp_text(afternoon)]
    late = [row for row in rows if stamp_of(row) >= stamp_text(afternoon)]
    with Commons(programs, homes, which=(0,)) as commons:
        commons.start()
        gateway = commons.gateways[0]
        with Feeder(commons.brokers[0].port) as feeder:
            feeder.feed(early)
            feeder.wait_acknowledged()
            commons.wait_folded(0, len(early))
            # The first day is due at six this morning and is decided; the second waits.
            assert due(DAY.date()) < afternoon < due(DAY.date() + datetime.timedelta(days=1))
            gateway.cli("clock", "advance", stamp_text(afternoon))
            gateway.cli("grant", "withdraw", homes[3].id)
            feeder.feed(late)
            feeder.wait_acknowledged()
            commons.wait_folded(0, len(rows))
        for day in (1, 2):
            gateway.cli("clock", "advance",
                        stamp_text(due(DAY.date() + datetime.timedelta(days=day))))
        found = commons.cells()
        # What was released stays; the days that were open lose the household as a whole, the
        # hours before three included.
        with_it = oracle(homes, tmp_path)
        homes[3].shares = False
        without_it = oracle(homes, tmp_path)
        released_before = stamp_text(DAY + datetime.timedelta(days=1))
        want = [cell for cell in with_it if cell["start"] < released_before]
        want += [cell for cell in without_it if cell["start"] >= released_before]
        compare.assert_same(found, want)
        assert {cell["count"] for cell in found if cell["start"] >= stamp_text(third)} == {12}


def start_and_see(gateway, *flags):
    return subprocess.run([gateway.programs / "commonsd", "--dir", gateway.dir, *flags],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30,
                          check=False)


def test_recorded_and_live_data_never_meet(programs):
    with Commons(programs, made_homes(count=1), which=(0,)) as commons:
        commons.start()
        gateway = commons.gateways[0]
        assert gateway.status()["origin"].endswith("/replay")
        assert gateway.stop() == 0
        # A replay's directory does not open without the flag.
        done = start_and_see(gateway)
        assert done.returncode != 0 and "replay" in done.stderr, done.stderr
        # Nor does it when the marker is made to look live: the store knows.
        (gateway.dir / "mode").write_text("live\n", encoding="utf-8")
        assert start_and_see(gateway).returncode != 0
        assert start_and_see(gateway, "--replay-clock").returncode != 0
        (gateway.dir / "mode").write_text("neither\n", encoding="utf-8")
        assert start_and_see(gateway, "--replay-clock").returncode != 0


def test_a_replay_clock_does_not_go_back(programs):
    with Commons(programs, made_homes(count=1), which=(0,)) as commons:
        commons.start()
        gateway = commons.gateways[0]
        gateway.cli("clock", "advance", "2013-01-20T00:00:00Z")
        assert gateway.run("clock", "advance", "2013-01-19T00:00:00Z").returncode == 1
        assert gateway.status()["now"] == "2013-01-20T00:00:00Z"
