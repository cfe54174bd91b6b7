#!/usr/bin/python3
"""What the rules say, a second time and independently: written from the words of
gateway/policy/evaluate.h, never from the code behind them.

  Documents(charter, policy, roster)   of documents: mappings and lists of texts, as they spell them
  evaluate(documents, request, now, sound)   {"allowed", "code", "rules", "safeguards"}
  main: reads the lines that tests/oracle/policy_pairs.cc writes, evaluates each request once more,
        and says where the two disagree; the last line counts the codes

`now` and what a request says of time are milliseconds since 1970, or of length.
"""

import collections
import datetime
import fractions
import functools
import json
import re
import sys

STATS = ("count", "sum", "mean")
GROUPS = ("peers", "members", "public")
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


@functools.lru_cache(maxsize=None)
def duration(text):
    """Milliseconds of "P30D" or "PT1H30M"."""
    days, hours, minutes, seconds = (int(part or 0) for part in DURATION.fullmatch(text).groups())
    return 1000 * (seconds + 60 * (minutes + 60 * (hours + 24 * days)))


@functools.lru_cache(maxsize=None)
def moment(text):
    """Milliseconds since 1970 of "2026-01-01T00:00:00Z"."""
    read = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return (read - datetime.datetime(1970, 1, 1)) // datetime.timedelta(milliseconds=1)


class Documents:
    def __init__(self, charter, policy, roster):
        self.charter, self.policy, self.roster = charter, policy, roster
        self.parties = {party["id"] for party in roster["parties"]}
        self.metrics = {metric["id"]: metric for metric in policy["metrics"]}
        self.purposes = {purpose["id"]: purpose for purpose in policy["purposes"]}
        self.levels = {name: index for index, name in enumerate(policy["zone_levels"])}
        self.floors = charter["floors"]

    def rules(self, section, **wanted):
        """The rules of a list that have these values."""
        return [rule for rule in self.policy.get(section, ())
                if all(rule[key] == value for key, value in wanted.items())]

    def finer(self, level, limit):
        """Levels that nobody defines are finer than any limit: whatever is unknown is refused."""
        return level not in self.levels or limit not in self.levels or (
            self.levels[level] < self.levels[limit])

    def of_places(self, metric):
        return self.metrics[metric]["unit_of_privacy"] == "place"

    def steps(self, metric, amount):
        return int(int(amount) / fractions.Fraction(self.metrics[metric]["resolution"]))


def answer(code, rules=(), **safeguards):
    result = {"allowed": code == "OK", "code": code, "rules": sorted({rule["id"] for rule in rules})}
    if code == "OK":
        result["safeguards"] = {
            "k_min": 0, "top1_max_pct": 100, "top2_max_pct": 100, "round_to": 0, "min_count": None,
            "redistribution": False, "step": 0, "every": 0, "within": 0, **safeguards}
    return result


def evaluate(documents, request, now, sound=True):
    action = request["action"]
    if action == "release":
        return release(documents, request, now, sound)
    if action == "right":
        return answer("OK")
    return {"collect": collect, "keep": keep, "consent": consent, "answer": duty_to_answer,
            "publish": duty_to_publish}[action](documents, request)


# -- A release.

def available(documents, now, sound):
    grace = duration(documents.charter.get("grace", "PT0S"))
    ends = min(moment(document["expires"])
               for document in (documents.charter, documents.policy, documents.roster))
    return sound and moment(documents.policy["activates"]) <= now < ends + grace


def release(documents, request, now, sound):
    if not available(documents, now, sound):
        return answer("POLICY_UNAVAILABLE")
    if request["party"] not in documents.parties and request["party"] not in GROUPS:
        return answer("UNKNOWN_PARTY")
    if not request["purpose"]:
        return answer("PURPOSE_REQUIRED")
    if request["purpose"] not in documents.purposes:
        return answer("UNKNOWN_PURPOSE")
    if (request["metric"] not in documents.metrics or request["stat"] not in STATS or
            request["zone"] not in documents.levels or request["bucket"] <= 0):
        return answer("BAD_REQUEST")

    forbids = documents.rules("forbid")
    asked = [forbid for forbid in forbids
             if "age_below" not in forbid and forbids_request(documents, forbid, request)]
    if asked:
        return answer("FORBIDDEN", asked)

    concerned = [rule for rule in documents.rules("share", metric=request["metric"],
                                                  purpose=request["purpose"])
                 if request["stat"] in rule["stats"] and ways(rule, request["party"])]
    taken = [[forbid for forbid in forbids
              if forbids_rule(documents, forbid, rule, request["party"])] for rule in concerned]
    if concerned and all(taken):
        return answer("FORBIDDEN", sum(taken, []))
    too_low = [rule for rule in concerned if below_floor(documents, rule)]
    if too_low:
        return answer("FLOOR", too_low)
    left = [rule for rule, by in zip(concerned, taken) if not by]
    return by_share_rules(documents, left, request, now)


def ways(rule, party):
    """The recipients of a rule through whom a party is one: itself, or all."""
    return {party, "public"} & set(rule["to"])


def names_purpose(documents, forbid, purpose):
    if "purpose" not in forbid and "purpose_group" not in forbid:
        return True
    group = documents.purposes.get(purpose, {}).get("group")
    return purpose in forbid.get("purpose", ()) or (
        group is not None and group in forbid.get("purpose_group", ()))


def in_box(documents, forbid, purpose, metric, stats, level, bucket):
    """The dimensions that a request and a share rule have in common."""
    return (names_purpose(documents, forbid, purpose) and
            ("metric" not in forbid or metric in forbid["metric"]) and
            ("stats" not in forbid or bool(set(stats) & set(forbid["stats"]))) and
            ("zone_below" not in forbid or documents.finer(level, forbid["zone_below"])) and
            ("bucket_below" not in forbid or bucket < duration(forbid["bucket_below"])))


def forbids_request(documents, forbid, request):
    return (("to" not in forbid or request["party"] in forbid["to"]) and
            in_box(documents, forbid, request["purpose"], request["metric"], [request["stat"]],
                   request["zone"], request["bucket"]))


def forbids_rule(documents, forbid, rule, party):
    if "age_below" in forbid and duration(rule["age_min"]) >= duration(forbid["age_below"]):
        return False
    hit = "to" not in forbid or party in forbid["to"] or ways(rule, party) <= set(forbid["to"])
    return hit and in_box(documents, forbid, rule["purpose"], rule["metric"], rule["stats"],
                          rule["zone"], duration(rule["bucket"]))


def below_floor(documents, rule):
    floors, metric = documents.floors, documents.metrics[rule["metric"]]
    finest = floors.get("zone_min", {}).get(metric["sensitivity"])
    if finest is not None and documents.finer(rule["zone"], finest):
        return True
    if duration(rule["age_min"]) < duration(floors["age_min"]):
        return True
    if documents.of_places(rule["metric"]):
        return duration(rule["bucket"]) < duration(metric["bucket_min"])
    return (int(rule["k_min"]) < int(floors["k_min"]) or
            int(rule["top1_max_pct"]) > int(floors["top1_max_pct"]))


def by_share_rules(documents, rules, request, now):
    def obstacles(rule):
        valid = rule.get("valid", {})
        found = []
        if rule["zone"] != request["zone"] or duration(rule["bucket"]) != request["bucket"]:
            found.append("GRANULARITY")
        if request["age"] < duration(rule["age_min"]):
            found.append("TOO_EARLY")
        if not (("from" not in valid or moment(valid["from"]) <= now) and
                ("until" not in valid or now < moment(valid["until"]))):
            found.append("EXPIRED_RULE")
        return found

    kept = {"": [], "GRANULARITY": [], "TOO_EARLY": [], "EXPIRED_RULE": []}
    for rule in rules:
        found = obstacles(rule)
        if len(found) <= 1:
            kept["".join(found)].append(rule)
    if kept[""]:
        return answer("OK", kept[""], **safeguards(documents, kept[""], request["metric"]))
    for code in ("GRANULARITY", "TOO_EARLY", "EXPIRED_RULE"):
        if kept[code]:
            return answer(code, kept[code])
    return answer("NOT_PERMITTED")


def safeguards(documents, rules, metric):
    """The strictest of each; a place's metric has no floors of households."""
    protecting = rules if documents.of_places(metric) else [*rules, documents.floors]

    def said(key, those=rules):
        return [int(each[key]) for each in those if key in each]
    return {
        "k_min": max(said("k_min", protecting), default=0),
        "top1_max_pct": min(said("top1_max_pct", protecting), default=100),
        "top2_max_pct": min(said("top2_max_pct"), default=100),
        "round_to": max(documents.steps(metric, rule.get("round_to", 0)) for rule in rules),
        "min_count": max(said("min_count"), default=None),
        "redistribution": any(rule.get("redistribution") == "true" for rule in rules)}


# -- What happens before a release, and what is owed.

def collect(documents, request):
    if request["metric"] not in documents.metrics:
        return answer("BAD_REQUEST")
    rules = documents.rules("collect", metric=request["metric"])
    if not rules or request["profile"] and any(
            rule.get("profile", request["profile"]) != request["profile"] for rule in rules):
        return answer("NOT_COLLECTED", rules)
    if not documents.rules("retain", metric=request["metric"], tier="raw"):
        return answer("NOT_KEPT", rules)
    coarsen = [rule.get("coarsen", {}) for rule in rules]
    return answer("OK", rules,
                  step=max(documents.steps(request["metric"], each.get("step", 0))
                           for each in coarsen),
                  every=max(duration(each.get("every", "PT0S")) for each in coarsen))


def keep(documents, request):
    if request["metric"] not in documents.metrics:
        return answer("BAD_REQUEST")
    rules = documents.rules("retain", metric=request["metric"], tier=request["tier"])
    limits = [rule["keep"] for rule in rules]
    if "keep_max" in documents.floors:
        limits.append(documents.floors["keep_max"])
    kept = rules and all(request["age"] <= duration(limit) for limit in limits)
    return answer("OK" if kept else "NOT_KEPT", rules)


def consent(documents, request):
    metric, adults, since = request["metric"], request["adults"], request["since"]
    if metric not in documents.metrics or documents.of_places(metric):
        return answer("BAD_REQUEST")
    rules = documents.rules("consent", metric=metric) if adults else []

    def consents(rule):
        if rule["mode"] == "opt-out" and since >= duration(rule["notice"]):
            return "no" not in adults
        fresh = "reconfirm" not in rule or since <= duration(rule["reconfirm"])
        return fresh and all(voice == "yes" for voice in adults)

    return answer("OK" if rules and all(map(consents, rules)) else "NO_CONSENT", rules)


def owed(duties):
    if not duties:
        return answer("NO_DUTY")
    return answer("OK", duties, within=min(duration(duty["within"]) for duty in duties))


def duty_to_answer(documents, request):
    return owed([duty for duty in documents.rules("duty", kind="answer")
                 if request["party"] in duty["to"] and request["purpose"] in duty["purpose"]])


def duty_to_publish(documents, request):
    return owed(documents.rules("duty", kind="publish", rule=request["rule"]))


# -- Against the gateway.

def disagreements(lines, codes):
    """What the gateway said otherwise, in words; counts every code in `codes`."""
    for number, line in enumerate(lines, 1):
        written = json.loads(line)
        documents = Documents(written["charter"], written["policy"], written["roster"])
        for case in written["cases"]:
            want = evaluate(documents, case["request"], case["now"], case["sound"])
            codes[want["code"]] += 1
            if want != case["decision"]:
                yield (f"line {number}: {json.dumps(case['request'])} at {case['now']}\n"
                       f"  gateway {json.dumps(case['decision'])}\n  oracle  {json.dumps(want)}")


def main():
    codes, found = collections.Counter(), 0
    for found, text in enumerate(disagreements(sys.stdin, codes), 1):
        if found <= 20:
            print(text)
    print(f"{sum(codes.values())} pairs, {found} disagreements:",
          ", ".join(f"{code} {count}" for code, count in sorted(codes.items())))
    return 1 if found or not codes else 0


if __name__ == "__main__":
    sys.exit(main())
