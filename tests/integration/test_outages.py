"""What happens between a gateway and its broker: our broker configuration (TLS, logins, everything on
a tmpfs), a broker that is not there, that forgets, or whose topics change. Each ends in the right
subscriptions, and what is lost is said."""

import datetime
import shutil
import subprocess

import paho.mqtt.client as mqtt
import pytest
from replay import commons as commons_module
from replay.commons import Commons
from replay.feed import message_of
from replay.homes import ROOT, Home
from replay.processes import Broker, free_port, wait_until

START = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)
DEPLOYED = ROOT / "deploy/broker"
PLUG, PLUG_PASSWORD = "plug", "plug-password"


class OurBroker(Broker):
    """deploy/broker, with its paths below one folder and free ports."""

    def __init__(self, name, memory):
        super().__init__(name, memory)
        self.tls_port = free_port()
        self.run, self.login = self.folder / "run", self.folder / "broker_login"
        self.ca = self.folder / "ca.crt"
        self.make_certificate()

    def make_certificate(self):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for command in (
                ["req", "-x509", *key, "-days", "3650", "-subj", "/CN=our broker CA",
                 "-keyout", "ca.key", "-out", "ca.crt"],
                ["req", *key, "-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1",
                 "-keyout", "server.key", "-out", "server.csr"],
                ["x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                 "-days", "825", "-copy_extensions", "copy", "-out", "server.crt"]):
            subprocess.run(["openssl", *command], cwd=self.folder, capture_output=True, check=True)

    def configure(self):
        text = (DEPLOYED / "mosquitto.conf").read_text(encoding="utf-8")
        for there, here in (("listener 1883 ", f"listener {self.port} "),
                            ("listener 8883\n", f"listener {self.tls_port} 127.0.0.1\n"),
                            ("/etc/commons/broker/", f"{self.folder}/"),
                            ("/run/commons-broker/", f"{self.run}/")):
            assert there in text, there
            text = text.replace(there, here)
        (self.folder / "mosquitto.conf").write_text(text + "user root\n", encoding="utf-8")
        subprocess.run([DEPLOYED / "prepare", self.run, self.login, "root"], check=True)

    def start(self):
        super().start()
        for line in (DEPLOYED / "mosquitto.service.d/commons.conf").read_text().splitlines():
            if line.startswith("ExecStartPost="):
                command = line.partition("=")[2].replace("/run/commons-broker/", f"{self.run}/")
                subprocess.run(command.split(), check=True)
        return self

    def control(self, *command):
        user, password = self.login.read_text(encoding="utf-8").strip().split(":")
        done = subprocess.run(
            ["mosquitto_ctrl", "-h", "127.0.0.1", "-p", str(self.port), "-u", user, "-P", password,
             "dynsec", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout

    def add_plug(self, topic):
        """A device's login, which may publish to one topic."""
        self.control("createRole", PLUG)
        self.control("addRoleACL", PLUG, "publishClientSend", topic, "allow")
        self.control("createClient", PLUG, "-p", PLUG_PASSWORD)
        self.control("addClientRole", PLUG, PLUG)


class Device:
    """One MQTT 5 connection that waits for the broker's answers."""

    def __init__(self, port, *, login=None, ca=None):
        self._answers = {}
        self.connected_with = None
        self._client = mqtt.Client(client_id="", protocol=mqtt.MQTTv5)
        if login is not None:
            self._client.username_pw_set(*login)
        if ca is not None:
            self._client.tls_set(ca_certs=str(ca))
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda client, data, mid, codes, properties: (
            self._answers.__setitem__(mid, codes))
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_until(lambda: self.connected_with is not None, "the broker's answer")

    def _connected(self, client, data, flags, reason, properties=None):
        self.connected_with = reason.value

    def publish(self, topic, payload):
        """Returns when the broker has answered; whether it let the message in it does not say."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(20)

    def subscribe(self, topic):
        result, mid = self._client.subscribe(topic, qos=1)
        assert result == mqtt.MQTT_ERR_SUCCESS
        wait_until(lambda: mid in self._answers, "the answer to a subscription")
        return self._answers[mid][0].value

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


def homes(count=2):
    return [Home(id=f"home-{number:02d}", gateway=0, readings=[(START, "0.1")])
            for number in range(count)]


def reading(home, hour):
    return message_of(home, START + datetime.timedelta(hours=hour), "0.1")


@pytest.fixture
def commons(programs):
    with Commons(programs, homes(), which=(0,)) as made:
        made.start()
        yield made


@pytest.fixture
def deployed(programs, monkeypatch):
    """A commons whose gateway reaches our broker by its login."""
    monkeypatch.setattr(commons_module, "Broker", OurBroker)
    with Commons(programs, homes(), which=(0,)) as made:
        login = made.memory / commons_module.GATEWAYS[0] / "broker_login"
        made.settings = (f'broker_login: "{login}"',)
        made.start()
        yield made


def stored(commons, count):
    gateway = commons.gateways[0]
    wait_until(lambda: gateway.status()["stored"] == count, f"{count} readings")


def test_our_broker_lets_in_who_has_a_login_and_only_to_its_topics(deployed):
    gateway, broker = deployed.gateways[0], deployed.brokers[0]
    home, other = deployed.homes
    wait_until(lambda: gateway.status()["broker_connected"], "the broker")
    assert gateway.status()["warnings"] == []
    for port, ca in ((broker.port, None), (broker.tls_port, broker.ca)):
        stranger = Device(port, ca=ca)
        assert stranger.connected_with == 0x87, "not authorised"
        stranger.close()
    with pytest.raises(OSError):
        Device(broker.tls_port, login=(PLUG, PLUG_PASSWORD), ca="/etc/ssl/certs/ca-certificates.crt")

    topic, payload = reading(home, 0)
    broker.add_plug(topic)
    plug = Device(broker.tls_port, login=(PLUG, PLUG_PASSWORD), ca=broker.ca)
    assert plug.connected_with == 0
    assert plug.subscribe(topic) == 0x87
    assert plug.subscribe("commons/+/marker") == 0x87
    plug.publish(*reading(other, 0))
    plug.publish(topic, payload)
    stored(deployed, 1)
    assert gateway.status()["received"] == 1, "what was published under another's topic came through"
    plug.close()


def test_our_broker_forgets_nothing_in_a_restart_and_all_with_the_power(deployed):
    gateway, broker = deployed.gateways[0], deployed.brokers[0]
    home = deployed.homes[0]
    topic, _ = reading(home, 0)
    broker.add_plug(topic)
    assert gateway.stop() == 0
    plug = Device(broker.tls_port, login=(PLUG, PLUG_PASSWORD), ca=broker.ca)
    plug.publish(*reading(home, 0))
    plug.close()
    broker.restart()
    gateway.start()
    stored(deployed, 1)
    assert gateway.status()["broker_sessions_lost"] == 0

    broker.kill()
    shutil.rmtree(broker.run)  # the tmpfs, at a power cut
    broker.start()
    wait_until(lambda: gateway.status()["broker_sessions_lost"] == 1, "the loss to be noticed")
    gateway.wait_ready()
    assert [w for w in gateway.status()["warnings"] if "the broker lost its session" in w]
    broker.add_plug(topic)  # the registry will do that
    plug = Device(broker.tls_port, login=(PLUG, PLUG_PASSWORD), ca=broker.ca)
    plug.publish(*reading(home, 1))
    plug.close()
    stored(deployed, 1 + 1)


def test_our_broker_does_not_go_back_to_an_older_state_after_a_crash(deployed):
    gateway, broker = deployed.gateways[0], deployed.brokers[0]
    topic, payload = reading(deployed.homes[0], 0)
    broker.add_plug(topic)
    assert gateway.stop() == 0
    plug = Device(broker.tls_port, login=(PLUG, PLUG_PASSWORD), ca=broker.ca)
    plug.publish(topic, payload)
    plug.close()
    broker.restart()
    gateway.start()
    stored(deployed, 1)

    broker.kill()  # what it saved at its clean end holds the reading still
    broker.start()
    wait_until(lambda: gateway.status()["broker_sessions_lost"] == 1, "the loss to be noticed")
    gateway.wait_ready()
    assert gateway.status()["received"] == 1, "an old message came again"


def test_a_broker_that_is_not_there_is_said_and_waited_for(commons):
    gateway, broker = commons.gateways[0], commons.brokers[0]
    assert gateway.stop() == 0
    broker.stop()
    gateway.launch()
    gateway.wait_ready(connected=False)
    wait_until(lambda: gateway.status()["warnings"], "a warning")
    status = gateway.status()
    assert not status["broker_connected"]
    assert "no connection to the broker" in status["warnings"][0]
    broker.start()
    gateway.wait_ready()
    assert gateway.status()["warnings"] == []
    device = Device(broker.port)
    device.publish(*reading(commons.homes[0], 0))
    device.close()
    stored(commons, 1)


def test_a_broker_killed_without_persistence_is_subscribed_anew_and_the_loss_is_said(commons):
    gateway, broker = commons.gateways[0], commons.brokers[0]
    broker.kill()  # its persistence file would be written at a clean end
    wait_until(lambda: not gateway.status()["broker_connected"], "the end of the connection")
    broker.start()
    gateway.wait_ready()
    status = gateway.status()
    assert status["broker_sessions_lost"] == 1
    assert [w for w in status["warnings"] if "may be missing" in w]
    device = Device(broker.port)
    device.publish(*reading(commons.homes[0], 0))
    device.close()
    stored(commons, 1)


def test_a_topic_that_left_the_configuration_is_not_delivered_any_more(commons, tmp_path):
    gateway, broker = commons.gateways[0], commons.brokers[0]
    home = commons.homes[0]
    assert gateway.stop() == 0
    profile = (ROOT / "gateway/ingest/profiles/generic.yaml").read_text(encoding="utf-8")
    assert "sensors/{device}/{metric}" in profile
    moved = tmp_path / "profiles"
    moved.mkdir()
    (moved / "generic.yaml").write_text(
        profile.replace("sensors/{device}/{metric}", "moved/{device}/{metric}"), encoding="utf-8")
    with open(gateway.dir / "commonsd.yaml", "a", encoding="utf-8") as config:
        config.write(f'profiles: "{moved}"\n')
    gateway.start()
    device = Device(broker.port)
    topic, payload = reading(home, 0)
    device.publish(topic, payload)
    device.publish(topic.replace("sensors/", "moved/"), payload)
    stored(commons, 1)
    assert gateway.status()["received"] == 1
    device.close()


def test_a_login_or_a_broker_that_would_be_trusted_blindly_ends_the_start(programs, tmp_path):
    made = subprocess.run(
        [programs / "commons", "--dir", tmp_path / "gw", "init", "--gateway", "gw-a", "--broker",
         "ssl://127.0.0.1:8883", "--key-file", tmp_path / "slot.key"],
        capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    started = subprocess.run([programs / "commonsd", "--dir", tmp_path / "gw"],
                             capture_output=True, text=True, check=False, timeout=60)
    assert started.returncode == 1
    assert "ssl:// needs broker_ca" in started.stderr
