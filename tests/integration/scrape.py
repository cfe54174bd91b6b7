"""Reads what a gateway says to Prometheus, as strictly as promtool would."""

import re
import urllib.request

NAME = re.compile(r"^[a-z][a-z0-9_]*$")
SAMPLE = re.compile(r'^([a-z][a-z0-9_]*)(?:\{(.*)\})? (-?[0-9]+(?:\.[0-9]+)?)$')
LABEL = re.compile(r'([a-z][a-z_]*)="([^"\\\n]*)"(?:,|$)')
SETTING = 'metrics: "127.0.0.1:0"'


def parse(text):
    """({(name, ((label, value), …)): number}, {name: type}); fails on what is not the format."""
    assert text.endswith("\n")
    samples, types, current = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current, words = line[7:].split(" ", 1)
            assert NAME.match(current) and words.strip() == words != ""
            assert current not in types, f"{current} stands there twice"
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == current and kind in ("counter", "gauge")
            assert name.endswith("_total") == (kind == "counter"), f"{name} is a {kind}"
            types[name] = kind
        else:
            found = SAMPLE.match(line)
            assert found, f"not a sample: {line}"
            name, labels, value = found.groups()
            assert name == current and name in types, f"{name} is not of the family {current}"
            pairs = LABEL.findall(labels or "")
            assert ",".join(f'{key}="{word}"' for key, word in pairs) == (labels or "")
            key = (name, tuple(pairs))
            assert key not in samples, f"{key} stands there twice"
            samples[key] = float(value)
    assert {name for name, _ in samples} == set(types)
    return samples, types


class Scraper:
    """One gateway's metrics; every scrape is checked for the identity of what was received."""

    def __init__(self, gateway):
        found = re.findall(r"metrics on (http://127\.0\.0\.1:\d+/metrics)", gateway.log.read_text())
        assert found, "the gateway does not say where its metrics are"
        self.url = found[-1]
        self.scrapes = 0

    def text(self):
        with urllib.request.urlopen(self.url, timeout=60) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            return answer.read().decode("ascii")

    def __call__(self):
        samples, _ = parse(self.text())
        settled = sum(value for (name, _), value in samples.items()
                      if name == "commons_observations_total")
        assert samples["commons_observations_received_total", ()] == (
            settled + samples["commons_observations_waiting", ()])
        self.scrapes += 1
        return samples


def settled(samples, outcome, reason=""):
    return samples["commons_observations_total", (("outcome", outcome), ("reason", reason))]
