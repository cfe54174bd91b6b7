"""The processes of a replay: a broker and a gateway, each startable, killable and restartable.

A child is killed by the kernel when the thread that started it dies, so that nothing outlives a
replay that is itself killed. Start children from the main thread.
"""

import json
import os
import pathlib
import pwd
import random
import signal
import socket
import subprocess
import time

START_TIMEOUT_S = 60


class ReplayError(Exception):
    """Something that ends the replay, said in a sentence."""


def wait_until(condition, what, timeout_s=START_TIMEOUT_S, poll_s=0.05):
    """Polls until `condition()` is true; a fixed rhythm, because children say nothing."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise ReplayError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(poll_s)


_RESERVED = []  # abstract sockets, each for a port that this process has taken


def free_port():
    """A loopback port that nobody listens on, and that no other replay takes while this one runs.
    Below the range from which the kernel takes ports of outgoing connections."""
    for port in random.sample(range(20000, 32000), 1000):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0commons-replay-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _RESERVED.append(claim)
        return port
    raise ReplayError("no free port between 20000 and 32000 on 127.0.0.1")


class Child:
    """A process with a log file that can be ended in every way."""

    def __init__(self, name, log):
        self.name, self.log, self.process = name, pathlib.Path(log), None

    def spawn(self, command):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def require_alive(self):
        if not self.alive():
            raise ReplayError(f"{self.name} ended by itself; its log ends:\n{self.log_tail()}")

    def log_tail(self, lines=12):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def kill(self):
        """SIGKILL, and wait for the body."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, timeout_s=60):
        """SIGTERM, and wait for a clean end; returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
                raise ReplayError(f"{self.name} did not end within {timeout_s} s of SIGTERM")
        return self.process.returncode


class Broker(Child):
    """A mosquitto on a loopback port. `memory` must be on a tmpfs: its persistence file, which
    holds topics and payloads in clear, survives a restart of the broker but not of the machine."""

    def __init__(self, name, memory):
        self.folder = pathlib.Path(memory) / name
        self.folder.mkdir(parents=True)
        super().__init__("mosquitto of " + name, self.folder / "log")
        self.port = free_port()
        self.uri = f"tcp://127.0.0.1:{self.port}"

    def configure(self):
        user = pwd.getpwuid(os.geteuid()).pw_name
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n"
            "allow_anonymous true\n"
            f"user {user}\n"
            "persistence true\n"
            f"persistence_location {self.folder}/\n"
            "max_queued_messages 200000\n"
            "max_inflight_messages 1000\n"
            "set_tcp_nodelay true\n"
            "log_dest stderr\n"
            "log_type error\n", encoding="utf-8")

    def listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self):
        self.configure()
        self.spawn(["mosquitto", "-c", self.folder / "mosquitto.conf"])

        def up():
            self.require_alive()
            return self.listening()
        wait_until(up, f"{self.name} to listen")
        return self

    def restart(self):
        """SIGTERM, which writes the persistence file, then start on the same port."""
        self.stop()
        self.start()


class Gateway(Child):
    """A commonsd in replay mode and the CLI that talks to it."""

    def __init__(self, name, programs, folder, key_file):
        self.programs = pathlib.Path(programs)
        self.dir = pathlib.Path(folder) / name
        self.key_file = pathlib.Path(key_file)
        super().__init__(name, pathlib.Path(folder) / f"{name}.log")
        self.address = f"127.0.0.1:{free_port()}"  # for peers and parties

    def init(self, broker_uri, clock, settings=()):
        """Makes the data directory; `settings` are lines for commonsd.yaml."""
        self.cli("init", "--gateway", self.name, "--broker", broker_uri, "--key-file",
                 self.key_file, "--listen", self.address, "--replay", clock)
        if settings:
            with open(self.dir / "commonsd.yaml", "a", encoding="utf-8") as config:
                config.writelines(line + "\n" for line in settings)

    def roster_keys(self, address=None, more_pins=()):
        """What stands in the roster behind the gateway's zone."""
        keys = self.json("gateway", "keys")
        pins = ", ".join(f'"{pin}"' for pin in (keys["tls"], *more_pins))
        return (f', address: "{address or self.address}", tls: [{pins}], '
                f'sign: "{keys["sign"]}", log: "{keys["log"]}"')

    def launch(self):
        """Starts the daemon without waiting for it."""
        self.spawn([self.programs / "commonsd", "--dir", self.dir, "--replay-clock"])

    def start(self):
        self.launch()
        self.wait_ready()
        return self

    def wait_ready(self, connected=True):
        def ready():
            self.require_alive()
            status = self.status_or_none()
            return status is not None and (status["broker_connected"] or not connected)
        wait_until(ready, f"{self.name} to answer and reach its broker")

    def run(self, *arguments):
        """Runs one `commons` command; returns the completed process, whatever its exit code."""
        return subprocess.run([self.programs / "commons", "--dir", self.dir, *map(str, arguments)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=600, check=False)

    def cli(self, *arguments):
        """Runs one `commons` command that must succeed; returns its stdout."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise ReplayError(f"{self.name}: commons {' '.join(map(str, arguments))} ended with "
                              f"{done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.cli("--format", "json", *arguments))

    def status(self):
        return self.json("status")

    def status_or_none(self):
        done = self.run("--format", "json", "status")
        return json.loads(done.stdout) if done.returncode == 0 else None
