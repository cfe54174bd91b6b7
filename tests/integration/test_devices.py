"""Devices and their logins at a broker that lets nobody in without one: each speaks for itself alone,
a broker that forgot everything is told again, and who is silent is seen."""

import datetime
import getpass
import glob
import json
import subprocess

import mqtt5
import pytest
from replay import commons as commons_module
from replay.commons import Commons
from replay.feed import stamp_text
from replay.homes import GATEWAYS, ROOT, Home
from replay.processes import Broker, wait_until

START = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)
PLUGINS = glob.glob("/usr/lib/*/mosquitto_dynamic_security.so")

pytestmark = pytest.mark.skipif(not PLUGINS, reason="mosquitto's dynamic-security plugin is absent")


class GuardedBroker(Broker):
    """A mosquitto with the dynamic-security plugin, whose file is on the tmpfs, and no anonymous."""

    def plugin_file(self):
        return self.folder / "dynamic-security.json"

    def configure(self):
        super().configure()
        path = self.folder / "mosquitto.conf"
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace("allow_anonymous true", "allow_anonymous false")
            + f"plugin {PLUGINS[0]}\nplugin_opt_config_file {self.plugin_file()}\n",
            encoding="utf-8")
        subprocess.run([ROOT / "deploy/broker/prepare", self.folder, self.folder / "own-login",
                        getpass.getuser()], check=True, capture_output=True, timeout=60)


def homes():
    return [Home(id=f"home-{number:02d}", gateway=0, readings=[(START, "0")])
            for number in range(3)]


@pytest.fixture
def commons(programs, monkeypatch):
    monkeypatch.setattr(commons_module, "Broker", GuardedBroker)
    with Commons(programs, homes(), which=(0,), settings=["broker_logins: true"]) as made:
        own_login = made.memory / GATEWAYS[0] / "own-login"
        made.settings.append(f"broker_login: {own_login}")
        made.start()
        yield made


def reading(minutes, value=0.25):
    stamp = START - datetime.timedelta(days=1) + datetime.timedelta(minutes=minutes)
    return json.dumps({"value": value, "unit": "kWh", "time": stamp_text(stamp)})


def add(gateway, device, home, *more):
    made = gateway.json("device", "add", device, "--household", home, *more)
    return made["login"], made["password"]


def wait_for_logins(gateway):
    def all_there():
        rows = [row["login"] for row in gateway.json("device", "list")]
        rows += [row["state"] for row in gateway.json("broker", "login", "list")]
        return set(rows) == {"provisioned"}
    wait_until(all_there, "the broker to have every login")
    status = gateway.status()
    assert status["broker_logins"] == status["broker_logins_present"]


def stored(gateway):
    status = gateway.status()
    return status["stored"] + status["waiting"]


def connected(broker, login, password):
    client = mqtt5.Client(broker.port, login, password)
    assert client.connected == mqtt5.OK
    return client


def test_a_device_speaks_for_itself_alone(commons):
    gateway, broker = commons.gateways[0], commons.brokers[0]
    login = add(gateway, "plug-kitchen", "home-00")
    wait_for_logins(gateway)
    row = next(row for row in gateway.json("device", "list") if row["device"] == "plug-kitchen")
    assert row["login"] == "provisioned"
    assert "plug" not in login[0] and "home" not in login[0]

    device = connected(broker, *login)
    assert device.publish("sensors/plug-kitchen/load", reading(0)) == mqtt5.OK
    wait_until(lambda: stored(gateway) == 1, "the reading to be stored")
    other = commons.homes[1].device
    received = gateway.status()["received"]
    for topic in (f"sensors/{other}/load", "sensors/plug-kitchen-2/load", "sensors/plug-kitchen",
                  "$CONTROL/dynamic-security/v1", "commons/gw-mill-lane/marker"):
        assert device.publish(topic, reading(30)) == mqtt5.NOT_AUTHORISED, topic
    for topic in ("#", "sensors/#", "$SYS/#", "sensors/plug-kitchen/load"):
        assert device.subscribe(topic) == mqtt5.NOT_AUTHORISED, topic
    assert device.publish("sensors/plug-kitchen/load", reading(60)) == mqtt5.OK
    wait_until(lambda: stored(gateway) == 2, "the second reading to be stored")
    assert gateway.status()["received"] == received + 1  # nothing of the refused ones came

    assert mqtt5.Client(broker.port).connected == mqtt5.NOT_AUTHORISED
    assert mqtt5.Client(broker.port, login[0], "guessed").connected == mqtt5.NOT_AUTHORISED


def test_a_broker_that_forgot_everything_is_told_again(commons):
    gateway, broker = commons.gateways[0], commons.brokers[0]
    login = add(gateway, "plug-kitchen", "home-00")
    wait_for_logins(gateway)
    broker.stop()
    assert "plug-kitchen" in broker.plugin_file().read_text(encoding="utf-8")
    wait_until(lambda: gateway.status()["broker_logins_present"] == 0, "the outage to be seen")
    assert gateway.json("device", "list")[0]["login"] == "waiting"
    broker.plugin_file().unlink()
    (broker.folder / "mosquitto.db").unlink(missing_ok=True)
    broker.start()
    gateway.wait_ready()
    wait_for_logins(gateway)
    assert connected(broker, *login).publish("sensors/plug-kitchen/load", reading(0)) == mqtt5.OK
    wait_until(lambda: stored(gateway) == 1, "the reading to be stored")


def test_the_login_of_an_erased_household_ends_and_others_stay(commons):
    gateway, broker = commons.gateways[0], commons.brokers[0]
    gone = add(gateway, "plug-kitchen", "home-00")
    stays = add(gateway, "plug-hall", "home-01")
    wait_for_logins(gateway)
    connected(broker, *gone).close()
    gateway.cli("household", "erase", "home-00", "--yes", "--receipt",
                commons.folder / "receipt")
    wait_until(lambda: mqtt5.Client(broker.port, *gone).connected == mqtt5.NOT_AUTHORISED,
               "the login to end")
    wait_until(lambda: "plug-kitchen" not in broker.plugin_file().read_text(encoding="utf-8"),
               "its role to go")
    assert connected(broker, *stays).publish("sensors/plug-hall/load", reading(0)) == mqtt5.OK


def test_a_bridge_publishes_for_all_and_strangers_are_discovered_and_enrolled(commons):
    gateway, broker = commons.gateways[0], commons.brokers[0]
    made = gateway.json("broker", "login", "add", "attic", "--profile", "generic")
    wait_for_logins(gateway)
    bridge = connected(broker, made["login"], made["password"])
    assert bridge.publish("sensors/plug-attic/load", reading(0)) == mqtt5.OK
    assert bridge.publish("zigbee2mqtt/plug-attic", reading(0)) == mqtt5.NOT_AUTHORISED
    wait_until(lambda: gateway.json("device", "discover"), "the stranger to be heard")
    heard = gateway.json("device", "discover")[0]
    assert (heard["heard"], heard["profile"], heard["messages"]) == ("plug-attic", "generic", 1)
    assert gateway.status()["reasons"]["denied"] == {"unknown-device": 1}
    # The door's log and the store say nothing of it; conftest.py looks at the end.

    gateway.cli("device", "discover", "--enrol", "plug-attic", "--as", "freezer",
                "--household", "home-02")
    assert gateway.json("device", "discover") == []
    assert bridge.publish("sensors/plug-attic/load", reading(30)) == mqtt5.OK
    wait_until(lambda: stored(gateway) == 1, "the reading to be stored")
    row = next(row for row in gateway.json("device", "list") if row["device"] == "freezer")
    assert (row["claim"], row["state"]) == ("plug-attic", "ok")
    assert [row["state"] for row in gateway.json("broker", "login", "list")] == ["provisioned"]
    gateway.cli("broker", "login", "remove", "attic")
    wait_until(lambda: mqtt5.Client(broker.port, made["login"],
                                    made["password"]).connected == mqtt5.NOT_AUTHORISED,
               "the bridge's login to end")


def test_silence_is_seen(commons):
    gateway, broker = commons.gateways[0], commons.brokers[0]
    login = add(gateway, "plug-kitchen", "home-00")
    wait_for_logins(gateway)
    assert connected(broker, *login).publish("sensors/plug-kitchen/load", reading(0)) == mqtt5.OK
    wait_until(lambda: stored(gateway) == 1, "the reading to be stored")

    def states():
        return {row["device"]: row["state"] for row in gateway.json("device", "list")}
    silent = commons.homes[1].device
    assert (states()["plug-kitchen"], states()[silent]) == ("ok", "starting")
    now = datetime.datetime.fromisoformat(gateway.status()["now"].replace("Z", "+00:00"))
    gateway.cli("clock", "advance", stamp_text(now + datetime.timedelta(hours=2)))
    assert (states()["plug-kitchen"], states()[silent]) == ("stopped", "never")
    assert gateway.status()["device_states"]["devices"] == {"never": 3, "stopped": 1}
