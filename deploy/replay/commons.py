"""One commons in a run folder: three brokers, three gateways, stewards, households, places."""

import concurrent.futures
import datetime
import os
import pathlib
import shutil
import tempfile
import zoneinfo

from . import homes as homes_module
from . import places as places_module
from .city import FORBIDDEN_PURPOSE, UNSHARED_PURPOSE, Party
from .feed import Feeder, messages_of, stamp_text
from .homes import GATEWAYS, ROOT, ZONES
from .processes import Broker, Gateway, ReplayError, wait_until

STEWARDS = ("ana", "bo", "chi")
DOCUMENTS = ("charter", "policy", "roster")
TIME_ZONE = zoneinfo.ZoneInfo("Europe/London")
PURPOSE = "https://w3id.org/dpv#ProvideOfficialStatistics"
RECIPIENT = "city-hall"
# When a sheet is decided: this long after its civil day has ended; of load, and of the air.
LATENESS_AND_AGE = datetime.timedelta(hours=6, days=1)
AIR_LATENESS_AND_AGE = datetime.timedelta(hours=2)
VALID = ("2012-01-01T00:00:00Z", "2100-01-01T00:00:00Z")


def memory_folder():
    """A folder on a tmpfs, so that what brokers write is gone with the machine's power."""
    shm = pathlib.Path("/dev/shm")
    if not shm.is_dir():
        raise ReplayError("there is no tmpfs at /dev/shm for the brokers' persistence files")
    return pathlib.Path(tempfile.mkdtemp(prefix=f"commons-broker-{os.getpid()}-", dir=shm))


def civil_days(owners):
    """The civil days of the commons that hold a reading of these homes or places."""
    return sorted({stamp.astimezone(TIME_ZONE).date()
                   for owner in owners for stamp, _ in owner.readings})


def due(day, lateness_and_age=LATENESS_AND_AGE):
    """When the sheet of a civil day is due."""
    next_day = day + datetime.timedelta(days=1)
    midnight = datetime.datetime.combine(next_day, datetime.time(), TIME_ZONE)
    return midnight.astimezone(datetime.timezone.utc) + lateness_and_age


class Commons:
    """A context manager: whatever happens, nothing keeps running and no broker file stays.

    `which` names the gateways to start; `keep` is a folder for their data that is not removed;
    `roster_keys(gateway)` says what the roster has for a gateway, if not what the gateway says.
    """

    def __init__(self, programs, homes, *, places=(), which=(0, 1, 2), keep=None, settings=(),
                 roster_keys=lambda gateway: gateway.roster_keys(), say=lambda text: None):
        self.programs = pathlib.Path(programs)
        self.places = [place for place in places if place.gateway in which]
        self.all_places = places
        self.homes = [home for home in homes if home.gateway in which]
        self.all_homes = homes
        self.which, self.settings, self.say = which, settings, say
        self.roster_keys = roster_keys
        self._remove = []
        if keep is None:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="commons-"))
            self._remove.append(self.folder)
        else:
            self.folder = pathlib.Path(keep)
            self.folder.mkdir(parents=True, exist_ok=True)
        self.memory = memory_folder()
        self._remove.append(self.memory)
        self.keys = self.folder / "keys"  # of stewards and residents: theirs, not the board's
        self.keys.mkdir(mode=0o700)
        self.brokers, self.gateways = {}, {}
        self.city = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for child in [*self.gateways.values(), *self.brokers.values()]:
            child.kill()
        for folder in self._remove:
            shutil.rmtree(folder, ignore_errors=True)

    def homes_of(self, index):
        return [home for home in self.homes if home.gateway == index]

    def places_of(self, index):
        return [place for place in self.places if place.gateway == index]

    def due_times(self):
        """When sheets are due, in order."""
        return sorted({due(day) for day in civil_days(self.all_homes)} |
                      {due(day, AIR_LATENESS_AND_AGE) for day in civil_days(self.all_places)})

    # -- Setting up.

    def start(self):
        """Brokers, gateways, signed documents, households and places. Replay clocks begin the day
        before."""
        first = civil_days([*self.all_homes, *self.all_places])[0]
        clock = first - datetime.timedelta(days=1)
        clock = datetime.datetime.combine(clock, datetime.time(), datetime.timezone.utc)
        for index in self.which:
            name = GATEWAYS[index]
            broker = self.brokers[index] = Broker(name, self.memory)
            broker.start()
            gateway = self.gateways[index] = Gateway(name, self.programs, self.folder,
                                                     self.keys / f"{name}.slot.key")
            gateway.init(broker.uri, stamp_text(clock), self.settings)
            gateway.launch()
        for gateway in self.gateways.values():
            gateway.wait_ready()
        self.say(f"{len(self.which)} gateways run, each with its own broker; their clocks stand "
                 f"at {stamp_text(clock)}")
        self.city = Party(RECIPIENT, self.programs, self.folder / RECIPIENT)
        documents = self.sign_documents()
        self.city.trust(self.folder / "charter.dsse", self.folder / "roster.dsse")
        self.each(lambda index: self.gateways[index].cli("policy", "activate", *documents))
        self.say("charter, policy and roster are signed by two of three stewards and active")
        self.each(lambda index: [self.enrol(home) for home in self.homes_of(index)])
        self.each(lambda index: [self.enrol_place(place) for place in self.places_of(index)])
        if self.homes:
            accepted = sum(home.accepted for home in self.homes)
            sharing = sum(home.accepted and home.shares for home in self.homes)
            self.say(f"{len(self.homes)} households invited: {accepted} accepted, {sharing} share")
        if self.places:
            sensors = sum(len(place.devices) for place in self.places)
            self.say(f"{len(self.places)} places with {sensors} sensors, confirmed by a steward")
        return self

    def each(self, work):
        """Runs `work(index)` for every gateway at once; returns {index: result}."""
        with concurrent.futures.ThreadPoolExecutor(len(self.which)) as pool:
            return dict(zip(self.which, pool.map(work, self.which)))

    def any_gateway(self):
        return self.gateways[self.which[0]]

    def sign_documents(self):
        """Fills policies/riverside/*.yaml.in and signs with two stewards' fresh keys."""
        values = {}
        tool = self.any_gateway()
        for steward in STEWARDS:
            done = tool.json("resident", "keygen", "--out", self.keys / f"{steward}.key")
            values[f"@KEY_{steward.upper()}@"] = done["public_key"]
        for index, zone in enumerate(ZONES):
            count = sum(home.gateway == index for home in self.all_homes)
            values[f"@HOMES_{zone.upper().replace('-', '_')}@"] = str(count)
            name = GATEWAYS[index]
            values[f"@KEYS_{name.upper().replace('-', '_')}@"] = (
                self.roster_keys(self.gateways[index]) if index in self.which else "")
        values["@KEYS_CITY_HALL@"] = self.city.roster_keys()
        signed = []
        for document in DOCUMENTS:
            text = (ROOT / f"policies/riverside/{document}.yaml.in").read_text(encoding="utf-8")
            for placeholder, value in values.items():
                text = text.replace(placeholder, value)
            path = self.folder / f"{document}.yaml"
            path.write_text(text, encoding="utf-8")
            envelope = self.folder / f"{document}.dsse"
            tool.cli("policy", "sign", path, "--key", self.keys / "ana.key", "--key",
                     self.keys / "bo.key", "--out", envelope)
            signed.append(envelope)
        return signed

    def invite(self, home):
        self.gateways[home.gateway].cli(
            "household", "add", home.id, "--zone", ZONES[home.gateway], "--adults", "1",
            "--invite", self.keys / f"{home.id}.invite")

    def accept(self, home):
        """The resident makes a key and signs; a steward confirms."""
        gateway, base = self.gateways[home.gateway], self.keys / home.id
        gateway.cli("resident", "keygen", "--out", f"{base}.key")
        gateway.cli("resident", "accept", "--invite", f"{base}.invite", "--key", f"{base}.key",
                    "--out", f"{base}.acceptance", "--at", VALID[0])
        gateway.cli("household", "confirm", home.id, "--acceptance", f"{base}.acceptance",
                    "--key", self.keys / "chi.key")

    def grant(self, home):
        gateway, base = self.gateways[home.gateway], self.keys / home.id
        gateway.cli("resident", "grant", "--invite", f"{base}.invite", "--key", f"{base}.key",
                    "--metric", "load", "--purpose", PURPOSE, "--recipient", RECIPIENT,
                    "--not-before", VALID[0], "--not-after", VALID[1], "--out", f"{base}.grant")
        gateway.cli("grant", "import", f"{base}.grant")

    def enrol(self, home):
        self.invite(home)
        self.gateways[home.gateway].cli("device", "add", home.device, "--household", home.id)
        if home.accepted:
            self.accept(home)
            if home.shares:
                self.grant(home)

    def enrol_place(self, place):
        gateway = self.gateways[place.gateway]
        gateway.cli("place", "add", place.id, "--zone", ZONES[place.gateway])
        for device in place.devices:
            gateway.cli("device", "add", device, "--place", place.id)
        gateway.cli("place", "confirm", place.id, "--key", self.keys / "chi.key")

    # -- Running.

    def feed(self):
        """Publishes every reading and waits until each gateway has folded what it was sent."""
        def one(index):
            before = self.gateways[index].status()["received"]
            with Feeder(self.brokers[index].port) as feeder:
                feeder.feed(messages_of(self.homes_of(index), self.places_of(index)))
                feeder.wait_acknowledged()
                self.wait_folded(index, before + feeder.sent)
                return feeder.sent
        sent = self.each(one)
        self.say(f"{sum(sent.values())} readings published and folded")
        return sent

    def wait_folded(self, index, received):
        gateway = self.gateways[index]

        def folded():
            gateway.require_alive()
            status = gateway.status()
            if status["received"] > received:
                raise ReplayError(f"{gateway.name} received {status['received']} observations of "
                                  f"the {received} that were sent")
            return status["received"] == received and status["waiting"] == 0
        wait_until(folded, f"{gateway.name} to fold {received} readings", timeout_s=180,
                   poll_s=0.2)

    def drain(self, index):
        """Waits until a gateway, whatever befell it, has taken all that its broker had for it:
        sends a message of a device that nobody has, and waits until the door denied it."""
        gateway = self.gateways[index]

        def strangers():
            return gateway.status()["reasons"]["denied"].get("unknown-device", 0)
        before = strangers()
        with Feeder(self.brokers[index].port) as feeder:
            feeder.publish("sensors/nobody/load", "0")
            feeder.wait_acknowledged()
            wait_until(lambda: strangers() > before and gateway.status()["waiting"] == 0,
                       f"{gateway.name} to take what its broker holds", timeout_s=120)

    def decide(self):
        """Moves every clock from due time to due time until nothing is pending."""
        def one(index):
            gateway = self.gateways[index]
            now = gateway.status()["now"]
            for time in self.due_times():
                if stamp_text(time) >= now:
                    gateway.cli("clock", "advance", stamp_text(time))
            pending = [cell for cell in gateway.json("cell", "list") if cell["status"] == "pending"]
            if pending:
                raise ReplayError(f"{gateway.name} still has {len(pending)} cells pending after "
                                  "its last day was due")
        self.each(one)
        self.say("clocks advanced; every sheet is decided")

    def ask(self):
        """The city's question, put to one gateway: {"cells": …, "coverage": …}."""
        _, answer = self.city.ask(self.any_gateway().name)
        return answer

    def cells(self):
        """All cells that the city gets, gateway by gateway."""
        return self.ask()["cells"]

    def denied(self):
        """What each door did not let in."""
        rows = []
        for index in self.which:
            for outcome in ("denied", "quarantined"):
                reasons = self.gateways[index].status()["reasons"][outcome]
                rows += [{"gateway": GATEWAYS[index], "outcome": outcome, "reason": reason,
                          "count": count} for reason, count in sorted(reasons.items()) if count]
        return rows

    def refused(self):
        """Who was refused what, by which rule: the city twice, and somebody nobody knows."""
        via = self.any_gateway()
        stranger = Party("stranger", self.programs, self.folder / "stranger")
        return [self.city.refusal(via.name, FORBIDDEN_PURPOSE),
                self.city.refusal(via.name, UNSHARED_PURPOSE),
                stranger.turned_away(via)]

    def document(self):
        """The result as `deploy/demo --once --format json` prints it."""
        answer = self.ask()
        coverage = [{"gateway": row["gateway"], "status": row["status"], "code": row["code"],
                     "rule": row.get("rule", "")} for row in answer["coverage"]]
        return {"cells": answer["cells"], "coverage": coverage, "refused": self.refused(),
                "denied": self.denied()}


def input_of(replay):
    """The homes and the places of `--replay`: None, "london", "aberdeen", or a file."""
    if replay is None:
        return homes_module.generate(), []
    if replay == "aberdeen":
        return [], places_module.aberdeen()
    path = pathlib.Path(replay)
    if replay == "london":
        path = homes_module.shared_folder() / homes_module.LONDON
    if not path.is_file():
        raise ReplayError(f"{path} is not there; give --replay a CSV of half-hourly meters"
                          " or set COMMONS_SHARED")
    return homes_module.read_csv(path), []
