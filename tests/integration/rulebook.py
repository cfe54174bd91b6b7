"""A gateway of Riverside whose rules are about to change, and its stewards' papers."""

import datetime

from replay.feed import stamp_text
from replay.homes import Home

DAY = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)
START = DAY - datetime.timedelta(days=1)


def homes(count=3):
    return [Home(id=f"flat-{number:02d}", gateway=0,
                 readings=[(DAY + datetime.timedelta(minutes=30 * slot), f"0.{100 + number}")
                           for slot in range(48)])
            for number in range(count)]


class Rules:
    """One gateway of Riverside and its stewards' papers."""

    def __init__(self, commons):
        self.commons, self.gateway = commons, commons.gateways[0]

    def next_version(self, document, *changes, signers=("ana", "bo")):
        """Signs the version after the one in force; returns the envelope's path."""
        shown = {row["document"]: row for row in self.gateway.json("policy", "show")}[document]
        text, version = shown["text"], shown["version"]
        head, _, rest = text.partition("prev: ")
        prev, _, rest = rest.partition("\n")
        comment = prev.partition("#")[2]
        text = (head.replace(f"version: {version}\n", f"version: {version + 1}\n") +
                f'prev: "{shown["hash"]}"' + (f"  #{comment}" if comment else "") + "\n" + rest)
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        name = "-".join([document, str(version + 1), *(new for _, new in changes)])
        path = self.commons.folder / f"{abs(hash(name))}.yaml"
        path.write_text(text, encoding="utf-8")
        self.sign(path, *signers)
        return path

    def sign(self, path, *signers):
        self.gateway.cli("policy", "sign", path, "--key",
                         *(self.commons.keys / f"{signer}.key" for signer in signers))

    def propose(self, path):
        return self.gateway.json("policy", "propose", f"{path}.dsse")

    def version(self, document="policy"):
        return {row["document"]: row["version"]
                for row in self.gateway.json("policy", "show")}[document]

    def advance(self, days):
        self.gateway.cli("clock", "advance", stamp_text(START + datetime.timedelta(days=days)))

    def proposed(self):
        return self.gateway.json("policy", "status")["proposed"]

    def refused(self, *arguments):
        done = self.gateway.run(*arguments)
        assert done.returncode != 0
        return done.stderr


LOOSER = ("k_min: 10", "k_min: 8")
TIGHTER = ("k_min: 10", "k_min: 12")
