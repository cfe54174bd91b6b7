"""Recorded data of real devices through a real broker and a real gateway: every counter and every
stored reading as computed from the files by recorded.py."""

import collections
import datetime
import shutil
import subprocess

import canaries
import pytest
import recorded
from replay import commons as commons_module
from replay.commons import Commons
from replay.feed import Feeder
from replay.homes import ROOT, shared_folder
from replay.places import Place

# Before every recording: the replay clock stands still, so that no day of them is decided.
START = datetime.datetime(2018, 5, 11, tzinfo=datetime.timezone.utc)


def made_policy(folder):
    """The policy of policies/riverside with the metrics of the recordings, in a copy of the tree."""
    source, target = ROOT / "policies/riverside", folder / "policies/riverside"
    target.mkdir(parents=True)
    for document in ("charter", "policy", "roster"):
        text = (source / f"{document}.yaml.in").read_text(encoding="utf-8")
        if document == "policy":
            text = text.replace("time_zone: Europe/London", "time_zone: Europe/Paris")
            metrics, collect, retain = "", "", ""
            for metric, (unit, kind, resolution, low, high, interval) in recorded.METRICS.items():
                metrics += (f'  - {{id: {metric}, unit: "{unit}", kind: {kind}, '
                            f'resolution: "{resolution}", lo: {low}, hi: {high}, '
                            f"interval: {interval}, lateness: PT1H, sensitivity: open, "
                            "unit_of_privacy: place, bucket_min: P1D}\n")
                collect += f"  - {{id: collect-{metric}, metric: {metric}}}\n"
                retain += (f"  - {{id: keep-{metric}, metric: {metric}, tier: raw, keep: P30D, "
                           "then: erase}\n")
            for key, lines in (("metrics", metrics), ("collect", collect), ("retain", retain)):
                assert f"\n{key}:\n" in text
                text = text.replace(f"\n{key}:\n", f"\n{key}:\n{lines}")
        (target / f"{document}.yaml.in").write_text(text, encoding="utf-8")
    return folder


def made_profiles(folder):
    shutil.copytree(ROOT / "gateway/ingest/profiles", folder)
    (folder / "recorded.yaml").write_text(recorded.PROFILE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def commons(programs, tmp_path_factory):
    """One gateway for all recordings, with one place that has all the devices."""
    folder = tmp_path_factory.mktemp("recorded")
    place = Place(id="village-square", gateway=0, devices={"anchor": [(START, "0")]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commons_module, "ROOT", made_policy(folder))
        settings = [f"profiles: {made_profiles(folder / 'profiles')}"]
        with Commons(programs, [], places=[place], which=(0,), settings=settings) as made:
            made.start()
            yield made
            gateway = made.gateways[0]
            gateway.kill()
            words = [*canaries.words_of(made), "device/sck", "esp8266-3654427", "microphone", "5c1t0k"]
            assert canaries.found_in(gateway.dir, words, [gateway.log]) == []


def counted(status):
    found = collections.Counter({("stored", ""): status["stored"]})
    for outcome, reasons in status["reasons"].items():
        for reason, count in reasons.items():
            found[outcome, reason] += count
    return found


def enrol(gateway, recording, folder):
    for device, profile in recording.devices.items():
        arguments = ["device", "add", device, "--place", "village-square", "--profile", profile]
        if profile == "smart-citizen":
            secret = folder / "claim"
            secret.write_text(recording.claims[device] + "\n", encoding="utf-8")
            arguments += ["--claim-file", secret]
        elif device in recording.claims:
            arguments += ["--claim", recording.claims[device]]
        gateway.cli(*arguments)


def replay(commons, recording, folder):
    gateway = commons.gateways[0]
    enrol(gateway, recording, folder)
    before = gateway.status()
    with Feeder(commons.brokers[0].port) as feeder:
        feeder.feed(recording.messages)
        feeder.wait_acknowledged()
        commons.wait_folded(0, before["received"] + sum(recording.tally.values()))
    after = gateway.status()
    assert counted(after) - counted(before) == recording.tally
    return after


def stored(commons, recording):
    """What the stopped gateway keeps of the recording's devices; the gateway is started again."""
    gateway = commons.gateways[0]
    assert gateway.stop() == 0
    series = sorted({(device, metric) for device, metric, *_ in [*recording.kept,
                                                                 *recording.arrived]})
    done = subprocess.run(
        [gateway.programs / "read_store", gateway.dir, gateway.key_file],
        input="".join(f"{device} {metric}\n" for device, metric in series),
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    gateway.start()
    rows = (line.split() for line in done.stdout.splitlines() if not line.startswith("unknown"))
    return [(device, metric, datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")), int(value))
            for device, metric, stamp, value in rows]


def check(commons, folder, name, make):
    source = shared_folder() / "data" / name
    if not source.is_dir():
        pytest.skip(f"{source} is absent: set COMMONS_SHARED to the folder that holds data/")
    recording = make(source)
    assert len(recording.messages) > 500
    replay(commons, recording, folder)
    found = stored(commons, recording)
    if recording.arrived:
        assert collections.Counter((device, metric, value) for device, metric, _, value in found) == \
            collections.Counter(recording.arrived)
    else:
        assert {(device, metric, time): value for device, metric, time, value in found} == \
            recording.kept
        assert len(found) == len(recording.kept)
    return recording


def test_a_load_curve_with_both_changes_of_the_clock_and_mixed_steps(commons, tmp_path):
    recording = check(commons, tmp_path, "linky", recorded.linky_load)
    assert recording.tally == {("stored", ""): 27665, ("quarantined", "not-a-number"): 1,
                               ("duplicate", "repeated"): 1500}
    days = collections.Counter(time.astimezone(recorded.ZONE).date().isoformat()
                               for _, _, time in recording.kept)
    assert days["2022-10-30"] == 50 and days["2023-03-26"] == 46


def test_registers_once_a_day(commons, tmp_path):
    recording = check(commons, tmp_path, "linky", recorded.linky_registers)
    assert recording.tally["stored", ""] > 199 * 7


def test_a_stations_day_with_labels_moved_against_its_values(commons, tmp_path):
    recording = check(commons, tmp_path, "airrohr", recorded.airrohr)
    assert recording.tally == {("stored", ""): 3 * 589, ("quarantined", "implausible"): 589,
                               ("quarantined", "not-a-number"): 5 * 589}


def test_uplinks_heard_by_many_gateways_with_counters_that_begin_again(commons, tmp_path):
    recording = check(commons, tmp_path, "lorawan", recorded.lorawan)
    assert sum(recording.tally.values()) == 12612 + 12612 + 12613


def test_bicycles_in_a_month_without_one_of_its_hours(commons, tmp_path):
    recording = check(commons, tmp_path, "muenster-counters", recorded.muenster)
    assert set(recording.tally) == {("stored", "")}


def test_noise_levels_with_many_decimals(commons, tmp_path):
    recording = check(commons, tmp_path, "noise-laeq", recorded.noise)
    # An hour of 30 March that Paris did not have.
    assert recording.tally == {("stored", ""): 16410, ("quarantined", "bad-time"): 60}


def test_a_kits_day_in_its_raw_form(commons, tmp_path):
    recording = check(commons, tmp_path, "smartcitizen", recorded.smart_citizen)
    assert recording.tally["quarantined", "not-a-number"] == 10 + 2 * 1009
    assert recording.tally["quarantined", "implausible"] == 1
