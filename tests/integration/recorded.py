"""Recorded data of real devices as the MQTT messages that they would be, each with what a gateway must
make of it: computed here from the files alone, with nothing of the gateway's."""

import collections
import csv
import dataclasses
import datetime
import decimal
import gzip
import io
import json
import re
import tarfile
import zoneinfo

ZONE = zoneinfo.ZoneInfo("Europe/Paris")
UTC = datetime.timezone.utc

# id: unit, kind, resolution, lowest, highest, interval.
METRICS = {
    "power": ("W", "gauge", "1", 0, 36000, "PT30M"),
    "energy-index": ("Wh", "counter", "1", 0, 999999999, "P1D"),
    "count": ("1", "delta", "1", 0, 10000, "PT15M"),
    "noise": ("dB", "gauge", "0.01", 0, 150, "PT1M"),
    "temperature": ("degC", "gauge", "0.1", -60, 125, "PT5M"),
    "humidity": ("%RH", "gauge", "0.1", 0, 100, "PT5M"),
    "pressure": ("hPa", "gauge", "0.1", 300, 1100, "PT5M"),
    "illuminance": ("lx", "gauge", "1", 0, 200000, "PT5M"),
    "battery": ("%", "gauge", "1", 0, 100, "PT5M"),
    "co2": ("ppm", "gauge", "1", 0, 50000, "PT5M"),
    "pm10": ("ug/m3", "gauge", "0.01", 0, 1999, "PT5M"),
    "pm2-5": ("ug/m3", "gauge", "0.01", 0, 999, "PT5M"),
    "pulses": ("1", "counter", "1", 0, 4294967295, "PT1H"),
}

# What a script beside the broker would publish of an export: times are those of the file.
PROFILE = """schema: commons-profile/1
id: recorded
about: Exports that a script publishes, whose times are the start or the end of what they cover
messages:
  - topic: "recorded/start/{device}/{metric}"
    format: json
    time: {at: time, form: [iso, iso-local], stamp: start}
    readings: [{metric: "{metric}", at: value, text: true}]
  - topic: "recorded/end/{device}/{metric}"
    format: json
    time: {at: time, form: [iso, iso-local], stamp: end}
    readings: [{metric: "{metric}", at: value, text: true}]
"""


def steps(text, metric, times=1):
    """The decimal text in steps of the metric's resolution, half away from zero."""
    number = decimal.Decimal(text) * times / decimal.Decimal(METRICS[metric][2])
    return int(number.to_integral_value(decimal.ROUND_HALF_UP))


def local(text):
    """The instant of a civil time; None where clocks skipped it."""
    civil = datetime.datetime.fromisoformat(text)
    instant = civil.replace(tzinfo=ZONE).astimezone(UTC)
    return instant if instant.astimezone(ZONE).replace(tzinfo=None) == civil else None


@dataclasses.dataclass
class Recording:
    """Messages, and the fate of each value in them."""
    messages: list = dataclasses.field(default_factory=list)
    devices: dict = dataclasses.field(default_factory=dict)  # device: profile
    claims: dict = dataclasses.field(default_factory=dict)   # of devices that are called otherwise
    tally: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    kept: dict = dataclasses.field(default_factory=dict)     # (device, metric, time): steps
    arrived: list = dataclasses.field(default_factory=list)  # (device, metric, steps), no time

    def refuse(self, reason):
        self.tally["quarantined", reason] += 1

    def keep(self, device, metric, time, value):
        """The first value of a time wins. Without a time, every one is news."""
        if time is None:
            self.arrived.append((device, metric, value))
            self.tally["stored", ""] += 1
        elif (device, metric, time) not in self.kept:
            self.kept[device, metric, time] = value
            self.tally["stored", ""] += 1
        elif self.kept[device, metric, time] == value:
            self.tally["duplicate", "repeated"] += 1
        else:
            self.tally["duplicate", "conflict"] += 1

    def exported(self, device, metric, text, stamp, time, end=False):
        """One value of an export, whose stamp is `time`; None if that is no time."""
        self.devices[device] = "recorded"
        self.messages.append((f"recorded/{'end' if end else 'start'}/{device}/{metric}",
                              json.dumps({"value": text, "time": stamp})))
        if text == "":
            self.refuse("not-a-number")
        elif not re.fullmatch(r"-?\d+(\.\d+)?", text):
            self.refuse("malformed")
        elif time is None:
            self.refuse("bad-time")
        else:
            self.keep(device, metric, time, steps(text, metric))


def rows_of_linky(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return [line.rstrip("\r\n").split(";") for line in file][2:]


def linky_load(folder):
    """A load curve in watts. Stamps end their half hours; steps of an hour are among them."""
    recording = Recording()
    long, short = sorted(folder.glob("*Heure*.csv"))
    for stamp, text in rows_of_linky(long)[1:] + rows_of_linky(short)[-1500:]:
        time = datetime.datetime.fromisoformat(stamp).astimezone(UTC)
        recording.exported("linky", "power", text, stamp, time - datetime.timedelta(minutes=30),
                           end=True)
    return recording


def linky_registers(folder):
    """Every register once a day; what stands below them in the file is no reading."""
    recording = Recording()
    path, = folder.glob("*Jour*.csv")
    head, *rows = rows_of_linky(path)
    for stamp, _, *texts in rows:
        time = (datetime.datetime.fromisoformat(stamp).astimezone(UTC)
                if re.fullmatch(r"[-0-9T:]+\+\d\d:\d\d", stamp) else None)
        for register, text in zip(head[2:], texts):
            recording.exported("linky-" + register.replace(" ", "-").lower(), "energy-index", text,
                               stamp, time)
    return recording


def airrohr(folder):
    """A day of one station, whose labels are moved against the values: a humidity stands where the
    pressure should be. There is no time."""
    recording = Recording(devices={"station": "airrohr"}, claims={"station": "esp8266-3654427"})
    path, = folder.glob("*.json")
    names = {"Temp": "temperature", "Humidity": "humidity"}
    for row in json.loads(path.read_text()):
        values = [{"value_type": names.get(key, key), "value": text} for key, text in row.items()
                  if key != "Time"]
        recording.messages.append(("airrohr/esp8266-3654427",
                                   json.dumps({"sensordatavalues": values})))
        for key, metric, times, low, high in (
                ("SDS_P1", "pm10", 1, 0, 1999.8), ("SDS_P2", "pm2-5", 1, 0, 999.8),
                ("Temp", "temperature", 1, -60, 125), ("Humidity", "humidity", 1, 0, 100),
                ("BMP_temperature", "temperature", 1, -60, 125),
                ("BMP_pressure", "pressure", decimal.Decimal("0.01"), 30000, 110000),
                ("BME280_temperature", "temperature", 1, -60, 125),
                ("BME280_humidity", "humidity", 1, 0, 100),
                ("BME280_pressure", "pressure", decimal.Decimal("0.01"), 30000, 110000)):
            if row[key] == "":
                recording.refuse("not-a-number")
            elif not low <= float(row[key]) <= high:
                recording.refuse("implausible")
            else:
                recording.keep("station", metric, None, steps(row[key], metric, times))
    return recording


def lorawan(folder):
    """Uplinks of one sensor as The Things Stack would pass them on: every gateway that heard a frame
    in one message, frame counters that begin again, zeros of the stack left out."""
    recording = Recording(devices={"tower": "the-things-stack"})
    path, = folder.glob("TourPerret*.gz")
    with gzip.open(path, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            moment = datetime.datetime.fromtimestamp(row["reported_at"] // 1000, UTC)
            moment = moment.replace(microsecond=row["reported_at"] % 1000 * 1000)
            decoded = (row.get("decoded") or {}).get("payload") or {}
            uplink = {"f_port": row["port"], "decoded_payload": decoded,
                      "rx_metadata": [{"gateway_ids": {"gateway_id": spot["name"]},
                                       "rssi": spot["rssi"], "snr": spot["snr"]}
                                      for spot in row["hotspots"]],
                      "received_at": moment.isoformat().replace("+00:00", "Z")}
            if row["fcnt"] != 0:
                uplink["f_cnt"] = row["fcnt"]
            recording.messages.append(("v3/tower@ttn/devices/tower/up", json.dumps(
                {"end_device_ids": {"device_id": "tower", "dev_eui": row["dev_eui"]},
                 "uplink_message": uplink})))
            for field, metric, low, high in (("temperature", "temperature", -60, 125),
                                             ("humidity", "humidity", 0, 100),
                                             ("pulseAbs", "pulses", 0, 2**32 - 1)):
                if field not in decoded:
                    continue
                if not low <= decoded[field] <= high:
                    recording.refuse("implausible")
                else:
                    recording.keep("tower", metric, moment, steps(repr(decoded[field]), metric))
    return recording


def muenster(folder):
    """Bicycles in quarters of an hour at three sites, in a March whose 30th has no hour from two to
    three. Times are civil and say no zone."""
    recording = Recording()
    path, = folder.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        months = sorted(name for name in archive.getnames() if name.endswith("2025-03.csv"))
        for name in months[:3]:
            site = name.split("/")[-2]
            rows = csv.reader(io.TextIOWrapper(archive.extractfile(name), encoding="utf-8"))
            next(rows)
            for stamp, text, *_ in rows:
                stamp = stamp.replace(" ", "T") + ":00"
                recording.exported(f"bikes-{site}", "count", text, stamp, local(stamp))
    return recording


def noise(folder):
    """One-minute levels with many decimals, stamped in the middle of their minutes, in civil time;
    nobody told the recorder of summer time."""
    recording = Recording()
    path, = folder.glob("*.csv")
    with open(path, newline="") as file:
        for stamp, text in list(csv.reader(file))[1:]:
            stamp = stamp.replace(" ", "T")
            recording.exported("microphone", "noise", text, stamp, local(stamp))
    return recording


def smart_citizen(folder):
    """A kit's day in its raw form; `null` is a sensor that is missing or warming up."""
    token = "5c1t0k"
    recording = Recording(devices={"kit": "smart-citizen"}, claims={"kit": token})
    with open(folder / "example.csv", newline="") as file:
        _, units, _, numbers, *rows = csv.reader(file)
    sensors = {"10": ("battery", 1, 0, 100), "14": ("illuminance", 1, 0, 200000),
               "53": ("noise", 1, 0, 150), "55": ("temperature", 1, -60, 125),
               "56": ("humidity", 1, 0, 100), "58": ("pressure", 10, 30, 110),
               "87": ("pm2-5", 1, 0, 1999), "88": ("pm10", 1, 0, 1999), "112": ("co2", 1, 0, 60000)}
    assert units[numbers.index("58")] == "kPa"
    for stamp, *texts in rows:
        time = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
        fields = [(number, text) for number, text in zip(numbers[1:], texts) if number != "0"]
        recording.messages.append((
            f"device/sck/{token}/readings/raw",
            f"{{t:{stamp}," + ",".join(f"{number}:{text}" for number, text in fields) + "}"))
        for number, text in fields:
            if number not in sensors:
                continue
            metric, times, low, high = sensors[number]
            if text == "null":
                recording.refuse("not-a-number")
            elif not low <= float(text) <= high:
                recording.refuse("implausible")
            else:
                recording.keep("kit", metric, time, steps(text, metric, times))
    return recording
