"""City hall: a party of the commons that asks one gateway and gets an answer of all."""

import json
import re
import shutil
import socket
import ssl
import subprocess

from .processes import ReplayError, wait_until

PURPOSE = "official-stats"
FORBIDDEN_PURPOSE = "law-enforcement"  # a forbid names its group
UNSHARED_PURPOSE = "mobility"          # listed, but no share rule is for it
COMPLETE, REFUSED, PARTIAL = 0, 1, 4   # exit codes of `commons query`
REFUSAL = re.compile(r"TLS: refused a caller \((?P<code>[A-Z_]+)\): its key (?P<pin>sha256:[0-9a-f]+)")


class Party:
    """A folder with a party's keys and the commons' documents, and the CLI that asks with them."""

    def __init__(self, id_, programs, folder):
        self.id, self.programs, self.folder = id_, programs, folder
        self.keys = json.loads(self._run("--format", "json", "party", "init", "--out", folder))

    def _commons(self, *arguments):
        return subprocess.run([self.programs / "commons", *map(str, arguments)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=300, check=False)

    def _run(self, *arguments):
        done = self._commons(*arguments)
        if done.returncode != 0:
            raise ReplayError(f"commons {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def roster_keys(self):
        """What stands in the roster behind the party's kind."""
        return f', tls: ["{self.keys["tls"]}"], request: ["{self.keys["request"]}"]'

    def trust(self, charter, roster):
        """Takes the signed documents that the co-op handed out."""
        shutil.copy(charter, self.folder / "charter.dsse")
        shutil.copy(roster, self.folder / "roster.dsse")

    def ask(self, via, *options, purpose=PURPOSE):
        """(exit code, {"cells": …, "coverage": …}) of one question; raises if there is neither."""
        done = self._commons("--format", "json", "query", "--party", self.folder, "--via", via,
                             "--purpose", purpose, *options)
        try:
            return done.returncode, json.loads(done.stdout)
        except json.JSONDecodeError:
            raise ReplayError(f"{self.id} asked {via} in vain: {done.stderr.strip()}") from None

    def catalog(self, via):
        return json.loads(self._run("--format", "json", "catalog", "--party", self.folder,
                                    "--via", via))

    def verify(self, answers, *keys):
        return self._commons("--format", "json", "verify", answers, "--keys", *keys)

    def refusal(self, via, purpose):
        """{who, code, rule} of a question that every gateway refuses for the same reason."""
        code, answer = self.ask(via, purpose=purpose)
        reasons = {(row["status"], row["code"], row.get("rule", "")) for row in answer["coverage"]}
        if code != REFUSED or len(reasons) != 1 or answer["cells"]:
            raise ReplayError(f"a question for {purpose} was not refused by all: {reasons}")
        (status, code, rule), = reasons
        if status != "refused":
            raise ReplayError(f"a question for {purpose} was {status} {code}, not refused")
        return {"who": self.id, "code": code, "rule": rule}

    def turned_away(self, gateway):
        """{who, code, rule} of a stranger: it learns nothing, the gateway's log has the reason."""
        host, port = gateway.address.rsplit(":", 1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        context.load_cert_chain(self.folder / "tls.crt", self.folder / "tls.key")
        heard = b""
        try:
            with socket.create_connection((host, int(port)), timeout=20) as plain, \
                    context.wrap_socket(plain) as secured:
                heard = secured.recv(1)
        except ConnectionError:
            pass  # as good as an orderly end
        if heard:
            raise ReplayError("a stranger was let in")

        def reason():
            return [match["code"] for match in REFUSAL.finditer(gateway.log.read_text("utf-8"))
                    if match["pin"] == self.keys["tls"]]
        wait_until(reason, f"{gateway.name} to say why it turned a stranger away")
        return {"who": self.id, "code": reason()[0], "rule": ""}
