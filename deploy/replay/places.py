"""Places and their air sensors, from archives of Sensor.Community.

The archives are read as they lie there. A place is a location; a sensor that was seen at two is two
devices. Places are sorted by location, as text, and place i goes to neighbourhood i mod 3.
"""

import csv
import dataclasses
import datetime
import io
import tarfile

from .homes import shared_folder
from .processes import ReplayError

ABERDEEN = "data/aberdeen-air"


@dataclasses.dataclass
class Place:
    """One place, and what its sensors say: {device: [(stamp, µg/m³ as text)]}."""
    id: str
    gateway: int
    devices: dict = dataclasses.field(default_factory=dict)

    @property
    def readings(self):
        return [reading for readings in self.devices.values() for reading in readings]


def rows_of(folder):
    """The SDS011 rows of all archives of a folder, in the archives' order."""
    for path in sorted(folder.glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            for member in archive:
                if "sds011" not in member.name or not member.isfile():
                    continue
                text = io.TextIOWrapper(archive.extractfile(member), encoding="utf-8", newline="")
                yield from csv.DictReader(text, delimiter=";")


def read_air(folder):
    """Places of an air replay; readings in the order of the archives, then of time."""
    found = {}
    for row in rows_of(folder):
        devices = found.setdefault(row["location"], {})
        if not row["P2"]:
            continue
        stamp = datetime.datetime.fromisoformat(row["timestamp"][:19])
        devices.setdefault(f"sds011-{row['sensor_id']}-{row['location']}", []).append(
            (stamp.replace(tzinfo=datetime.timezone.utc), row["P2"]))
    if not found:
        raise ReplayError(f"{folder} holds no SDS011 readings in any *.tar.gz; set COMMONS_SHARED")
    places = []
    for number, location in enumerate(sorted(found)):
        for readings in found[location].values():
            readings.sort(key=lambda reading: reading[0])
        places.append(Place(id=f"site-{location}", gateway=number % 3, devices=found[location]))
    return places


def aberdeen():
    return read_air(shared_folder() / ABERDEEN)
