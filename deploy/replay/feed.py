"""Publishes readings as a meter or a sensor would: one MQTT message each, QoS 1, JSON."""

import threading
import time

import paho.mqtt.client as mqtt

from .processes import ReplayError

WINDOW = 1000  # unacknowledged messages at a time


def stamp_text(stamp):
    return stamp.strftime("%Y-%m-%dT%H:%M:%SZ")


def message_of(home, stamp, kwh):
    """(topic, payload) of one reading; the CSV's text goes out unchanged."""
    return (f"sensors/{home.device}/load",
            f'{{"value": {kwh}, "unit": "kWh", "time": "{stamp_text(stamp)}"}}')


def air_message_of(device, stamp, text):
    """The same of an air sensor."""
    return (f"sensors/{device}/pm25",
            f'{{"value": {text}, "unit": "ug/m3", "time": "{stamp_text(stamp)}"}}')


def messages_of(homes, places=()):
    """Every reading of homes and places, in a stable sort by time over all series."""
    rows = [(stamp, message_of, home, kwh) for home in homes for stamp, kwh in home.readings]
    rows += [(stamp, air_message_of, device, text) for place in places
             for device, readings in place.devices.items() for stamp, text in readings]
    rows.sort(key=lambda row: row[0])
    return [message(sender, stamp, text) for stamp, message, sender, text in rows]


class Feeder:
    """A publisher that survives restarts of its broker. Confined to one thread."""

    def __init__(self, port):
        self._slots = threading.Semaphore(WINDOW)
        self._connected = threading.Event()
        self._client = mqtt.Client(client_id=f"feeder-{port}", clean_session=False)
        self._client.max_inflight_messages_set(WINDOW)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_publish = lambda client, userdata, mid: self._slots.release()
        self._client.on_connect = lambda *arguments: self._connected.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        if not self._connected.wait(30):
            raise ReplayError("the broker did not take the feeder's connection")
        self.sent = 0

    def publish(self, topic, payload, retain=False):
        self._slots.acquire()
        self._client.publish(topic, payload, qos=1, retain=retain)
        self.sent += 1

    def feed(self, messages, per_second=None):
        """Publishes all, evenly paced if asked to."""
        start = time.monotonic()
        for number, message in enumerate(messages):
            if per_second is not None:
                ahead = number / per_second - (time.monotonic() - start)
                if ahead > 0.002:
                    time.sleep(ahead)
            self.publish(*message)

    def wait_acknowledged(self, timeout_s=120):
        """Waits until the broker has every message."""
        taken = 0
        for taken in range(WINDOW):
            if not self._slots.acquire(timeout=timeout_s):
                raise ReplayError("the broker did not acknowledge what the feeder published")
        for _ in range(taken + 1):
            self._slots.release()

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
