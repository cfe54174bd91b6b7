"""One question to one gateway, and what becomes of the others: real processes, real TLS, a real
network that fails. gw-mill-lane is asked. It reaches gw-harbour through a proxy that can cut and
stall, and gw-orchard through a server that can lie."""

import contextlib
import datetime
import json
import signal
import subprocess

import grpc
import pytest

import cells as compare
import foreign
import london
from fault_proxy import FaultProxy
from replay.city import COMPLETE, PARTIAL, REFUSED, Party
from replay.commons import Commons
from replay.feed import stamp_text
from replay.homes import GATEWAYS, Home, plan_of, write_csv
from replay.processes import wait_until

DAY = datetime.datetime(2013, 1, 14, tzinfo=datetime.timezone.utc)
DAYS = 6  # so that an answer is several TLS records, and can break off in the middle
CELLS = 25 * DAYS  # of one gateway
MILL_LANE, HARBOUR, ORCHARD = GATEWAYS


def made_homes():
    """Twelve households for each gateway, with a steady load of their own."""
    return [Home(id=f"flat-{gateway}-{number:02d}", gateway=gateway,
                 readings=[(DAY + datetime.timedelta(minutes=30 * slot), f"0.{100 + number}")
                           for slot in range(48 * DAYS)])
            for gateway in range(3) for number in range(12)]


class Scene:
    """A commons with a day decided, a proxy, a liar and a foreign client's messages."""

    def __init__(self, commons, proxy, liar, federation, query, homes):
        self.commons, self.proxy, self.liar, self.homes = commons, proxy, liar, homes
        self.federation, self.query = federation, query
        self.mill_lane, self.harbour, self.orchard = commons.gateways.values()

    def ask(self, *options, purpose="official-stats"):
        """(exit code, cells, {gateway: "status code"}) of the city's question."""
        code, answer = self.commons.city.ask(MILL_LANE, *options, purpose=purpose)
        told = {row["gateway"]: f'{row["status"]} {row["code"]}' for row in answer["coverage"]}
        assert list(told) == list(GATEWAYS)
        places = [compare.place(cell) for cell in answer["cells"]]
        assert len(set(places)) == len(places), "a cell is given twice"
        return code, answer["cells"], told

    def expect(self, *told, options=("--timeout", "PT20S")):
        """Asks; every gateway not named in `told` must have answered in full."""
        code, cells, got = self.ask(*options)
        want = {gateway: "answered OK" for gateway in GATEWAYS} | dict(told)
        assert got == want
        assert code == (PARTIAL if told else COMPLETE)
        answered = {gateway for gateway, text in want.items() if text == "answered OK"}
        assert {cell["gateway"] for cell in cells} == answered
        assert len(cells) == CELLS * len(answered)
        return cells

    def expect_all(self):
        return self.expect()

    def client(self):
        return foreign.Client(self.mill_lane.address, self.commons.city.folder, self.federation)

    def kept(self, tmp_path, name="kept"):
        """(file, AnswerFile) of a question that was answered by all."""
        path = tmp_path / name
        code, _, _ = self.ask("--save", path)
        assert code == COMPLETE
        return path, self.query.AnswerFile.FromString(path.read_bytes())


@pytest.fixture(scope="module")
def scene(programs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("federation")
    federation, query = foreign.messages(folder)
    homes = made_homes()
    with contextlib.ExitStack() as stack:
        proxy = FaultProxy()
        stack.callback(proxy.close)
        liar_keys = Party("liar", programs, folder / "liar")
        liar = foreign.Liar(liar_keys.folder, federation)

        def roster_keys(gateway):
            if gateway.name == HARBOUR:
                return gateway.roster_keys(proxy.address)
            if gateway.name == ORCHARD:
                return gateway.roster_keys(liar.address, [liar_keys.keys["tls"]])
            return gateway.roster_keys()
        commons = stack.enter_context(Commons(programs, homes, roster_keys=roster_keys))
        commons.start()
        commons.feed()
        commons.decide()
        proxy.target = commons.gateways[1].address
        liar.behind = commons.gateways[2].address
        pem, _ = foreign.certificate_of(commons.gateways[0].address, commons.city.folder)
        liar.listen(pem)
        stack.callback(liar.stop)
        yield Scene(commons, proxy, liar, federation, query, homes)


def test_all_answer_and_the_cells_are_the_independent_computations(scene, tmp_path):
    path = tmp_path / "homes.csv"
    write_csv(scene.homes, path)
    compare.assert_same(scene.expect_all(), london.cells(str(path), plan_of(scene.homes)))


def test_a_question_can_be_narrowed(scene):
    for options, count in ((("--rule", "load-daily"), DAYS), (("--bucket", "PT1H"), 24 * DAYS),
                           (("--metric", "load", "--until", "2013-01-14T03:00:00Z"), 3 + 1)):
        code, cells, told = scene.ask(*options)
        assert code == COMPLETE and len(cells) == 3 * count, options
        assert set(told.values()) == {"answered OK"}
    code, cells, told = scene.ask("--zone", "harbour")
    assert code == COMPLETE and {cell["gateway"] for cell in cells} == {HARBOUR}
    assert told == {MILL_LANE: "answered NO_CELLS", HARBOUR: "answered OK",
                    ORCHARD: "answered NO_CELLS"}


# -- Networks and gateways that fail.

def test_a_stopped_gateway_is_missing_and_comes_back(scene):
    assert scene.harbour.stop() == 0
    scene.expect((HARBOUR, "missing UNREACHABLE"))
    scene.harbour.start()
    scene.expect_all()


def test_a_gateway_cut_off_in_mid_answer_is_missing_and_none_of_it_counts(scene):
    scene.proxy.drop()
    scene.proxy.heal()
    scene.expect_all()
    whole = scene.proxy.passed_back
    try:
        for missing_bytes in (200, 2000):
            scene.proxy.drop()
            scene.proxy.cut_after(whole - missing_bytes)
            scene.expect((HARBOUR, "missing CUT_OFF"))
    finally:
        scene.proxy.drop()
        scene.proxy.heal()
    scene.expect_all()


def test_a_gateway_that_answers_after_the_deadline_is_late(scene):
    scene.harbour.process.send_signal(signal.SIGSTOP)
    try:
        scene.expect((HARBOUR, "late DEADLINE"), options=("--timeout", "PT3S"))
    finally:
        scene.harbour.process.send_signal(signal.SIGCONT)
    scene.expect_all()
    scene.proxy.drop()
    scene.proxy.stall()
    try:
        scene.expect((HARBOUR, "late DEADLINE"), options=("--timeout", "PT3S"))
    finally:
        scene.proxy.drop()
        scene.proxy.heal()
    scene.expect_all()


def test_a_lying_gateway_is_named_and_never_believed(scene):
    kept = []

    def keep(replies):
        kept.extend(replies)
        return replies

    def flip(replies):
        sealed = bytearray(replies[0].sealed)
        sealed[len(sealed) // 2] ^= 1
        replies[0].sealed = bytes(sealed)
        return replies

    def twice(replies):
        return replies + replies
    scene.liar.bend = keep
    scene.expect_all()
    for bend, told in ((flip, "missing BAD_SEAL"), (lambda replies: kept, "missing BAD_SEAL"),
                       (lambda replies: [], "missing NO_ANSWER")):
        scene.liar.bend = bend
        scene.expect((ORCHARD, told))
    scene.liar.bend = twice
    scene.expect_all()
    scene.liar.bend = lambda replies: replies


# -- Who asks.

def test_a_stranger_gets_nothing_and_the_log_says_why(scene, programs, tmp_path):
    stranger = Party("stranger", programs, tmp_path / "stranger")
    scene.expect_all()
    assert stranger.turned_away(scene.mill_lane) == {
        "who": "stranger", "code": "UNKNOWN_PARTY", "rule": ""}
    with pytest.raises(grpc.RpcError) as refused, foreign.Client(
            scene.mill_lane.address, stranger.folder, scene.federation) as client:
        client.describe()
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "roster" not in refused.value.details()
    scene.expect_all()


def test_a_question_that_was_copied_or_changed_is_refused_with_its_code(scene, tmp_path):
    _, kept = scene.kept(tmp_path)
    assert len(kept.answers) == 3

    def codes(envelope):
        with scene.client() as client:
            return [(reply.gateway, reply.outcome, reply.code, reply.sealed)
                    for reply in client.query(envelope)]
    assert codes(kept.query) == [(MILL_LANE, "refused", "REPLAYED", b"")]
    changed = kept.query.replace(b"official-stats", b"official-stalk")
    assert codes(changed) == [(MILL_LANE, "refused", "BAD_SIGNATURE", b"")]
    assert codes(b"") == [(MILL_LANE, "refused", "BAD_REQUEST", b"")]
    # It forgot what it was asked, so what was asked before it started is too old.
    assert scene.mill_lane.stop() == 0
    scene.mill_lane.start()
    assert codes(kept.query) == [(MILL_LANE, "refused", "EXPIRED", b"")]
    scene.expect_all()


def test_a_peer_cannot_replay_and_who_is_not_in_the_roster_cannot_ask(scene, programs, tmp_path):
    """gw-orchard's second TLS key is the liar's: as a gateway it may pass questions on, once."""
    _, kept = scene.kept(tmp_path, "first")
    with foreign.Client(scene.harbour.address, scene.liar.keys, scene.federation) as gateway:
        replies = gateway.query(kept.query, hops=0)
    assert [(reply.outcome, reply.code) for reply in replies] == [("refused", "REPLAYED")]
    stranger = Party("stranger", programs, tmp_path / "stranger")
    stranger.trust(scene.commons.folder / "charter.dsse", scene.commons.folder / "roster.dsse")
    done = subprocess.run([programs / "commons", "query", "--party", stranger.folder, "--via",
                           MILL_LANE, "--purpose", "official-stats"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == REFUSED and "lists no party" in done.stderr


def test_refusals_name_code_and_rule(scene):
    city = scene.commons.city
    assert city.refusal(MILL_LANE, "law-enforcement") == {
        "who": "city-hall", "code": "FORBIDDEN", "rule": "f-coercive"}
    assert city.refusal(MILL_LANE, "mobility") == {
        "who": "city-hall", "code": "NOT_PERMITTED", "rule": ""}
    code, answer = city.ask(MILL_LANE, "--bucket", "PT30M")
    assert code == REFUSED and not answer["cells"]
    assert {(row["code"], row["rule"]) for row in answer["coverage"]} == {
        ("GRANULARITY", "load-daily load-hourly pm25-daily pm25-hourly")}


# -- A client that is not ours.

def test_pythons_grpc_reads_describe_and_catalog(scene):
    with scene.client() as client:
        assert client.pin == scene.mill_lane.json("gateway", "keys")["tls"]
        told = client.describe()
        assert (told.commons, told.gateway, told.zone) == ("riverside", MILL_LANE, "mill-lane")
        assert (told.policy_version, told.roster_version, told.replay) == (1, 1, True)
        assert list(told.peers) == [HARBOUR, ORCHARD]
        origin, size, root, _, signature, _ = told.checkpoint.split("\n")
        status = scene.mill_lane.status()
        assert origin == status["origin"] == f"riverside/gw/{MILL_LANE}/replay"
        assert int(size) == status["ledger_size"] > 0
        assert foreign.base64.b64decode(root).hex() == status["ledger_root"]
        assert signature.startswith(f"\N{EM DASH} {origin} ")
        products = {product.rule: product for product in client.catalog().products}
        assert list(products) == ["load-hourly", "load-daily", "pm25-hourly", "pm25-daily"]
        hourly = products["load-hourly"]
        assert (hourly.metric, hourly.unit, hourly.kind, hourly.owner, hourly.bucket) == (
            "load", "Wh", "delta", "household", "PT1H")
        assert (hourly.k_min, list(hourly.zones)) == (10, ["mill-lane"])
        assert (products["pm25-daily"].kind, products["pm25-daily"].owner) == ("gauge", "place")


# -- What is kept, and what is wrong.

def public_keys(scene, tmp_path):
    paths = []
    for gateway in scene.commons.gateways.values():
        paths.append(tmp_path / f"{gateway.name}.keys")
        gateway.cli("gateway", "keys", "--out", paths[-1])
    return paths


def test_what_was_kept_verifies_offline_and_no_byte_of_it_can_change(scene, tmp_path):
    path, _ = scene.kept(tmp_path)
    keys = public_keys(scene, tmp_path)
    city = scene.commons.city
    done = city.verify(path, *keys)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {(row["gateway"], row["cells"], row["result"]) for row in rows} == {
        (gateway, CELLS, "answered") for gateway in GATEWAYS}
    good = path.read_bytes()
    for place in range(100, len(good), len(good) // 12):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1:])
        assert city.verify(path, *keys).returncode == 1, place
    path.write_bytes(good)
    missing = city.verify(path, *keys[:2])
    assert missing.returncode == 1 and ORCHARD in missing.stdout + missing.stderr


def test_a_retracted_cell_stays_and_is_marked(scene, tmp_path):
    steward = scene.commons.keys / "ana.key"
    start = "2013-01-14T05:00:00Z"
    before = scene.expect_all()
    scene.harbour.cli("cell", "retract", "--rule", "load-hourly", "--zone", "harbour", "--start",
                      start, "--reason", "wrong-readings", "--key", steward)
    after = scene.expect_all()
    marked = [cell for cell in after if "retracted" in cell]
    assert [(cell["gateway"], cell["rule"], cell["start"], cell["retracted"])
            for cell in marked] == [(HARBOUR, "load-hourly", start, "wrong-readings")]
    del marked[0]["retracted"]
    assert after == before
    path, _ = scene.kept(tmp_path)
    done = scene.commons.city.verify(path, *public_keys(scene, tmp_path), "--charter",
                                     scene.commons.folder / "charter.dsse")
    assert done.returncode == 0, done.stderr
    assert {row["gateway"]: row["retracted"] for row in json.loads(done.stdout)} == {
        MILL_LANE: 0, HARBOUR: 1, ORCHARD: 0}


def test_peers_are_those_of_the_roster(scene):
    rows = {row["gateway"]: row for row in scene.mill_lane.json("peer", "list")}
    assert list(rows) == list(GATEWAYS)
    assert rows[HARBOUR]["address"] == scene.proxy.address


def test_no_key_or_nonce_is_in_a_log(scene):
    secrets = []
    for path in scene.commons.keys.glob("*.key"):
        secrets.append(path.read_text(encoding="utf-8").split()[-1])
    for party in (scene.commons.city.folder, scene.liar.keys):
        secrets.append((party / "request.key").read_text(encoding="utf-8").split()[-1])
        secrets += (party / "tls.key").read_text(encoding="utf-8").splitlines()[1:-1]
    assert len(secrets) > 40 and all(len(secret) > 20 for secret in secrets)
    for gateway in scene.commons.gateways.values():
        log = gateway.log.read_text(encoding="utf-8")
        assert "question of city-hall for official-stats: OK" in log
        assert not [secret for secret in secrets if secret in log]


def test_a_gateway_with_an_expired_policy_refuses_and_says_so(scene, programs):
    """Last: from here on gw-orchard has a policy that nobody renewed."""
    gateway, folder = scene.orchard, scene.commons.folder
    shown = {row["document"]: row for row in gateway.json("policy", "show")}
    now = datetime.datetime.fromisoformat(gateway.status()["now"].replace("Z", "+00:00"))
    expires = (now + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = shown["policy"]["text"]
    for old, new in (("version: 1\n", "version: 2\n"),
                     ('prev: ""', f'prev: "{shown["policy"]["hash"]}"'),
                     ("expires: 2100-01-01T00:00:00Z", f"expires: {expires}")):
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "policy-2.yaml"
    path.write_text(text, encoding="utf-8")
    gateway.cli("policy", "sign", path, "--key", scene.commons.keys / "ana.key",
                scene.commons.keys / "bo.key")
    gateway.cli("policy", "activate", f"{path}.dsse")
    scene.expect_all()
    gateway.cli("clock", "advance", expires)
    scene.expect_all()  # the charter's grace
    grace = datetime.timedelta(days=7)
    gateway.cli("clock", "advance", stamp_text(datetime.datetime.fromisoformat(
        expires.replace("Z", "+00:00")) + grace))
    scene.expect((ORCHARD, "refused POLICY_UNAVAILABLE"))
    # What stands above the policy stands: the operator still sees, the residents still withdraw.
    assert len(gateway.json("cell", "list")) == CELLS
    gateway.cli("grant", "withdraw", scene.commons.homes_of(2)[0].id)
    wait_until(lambda: gateway.json("grant", "list")[0]["state"] == "withdrawn",
               "the withdrawal to be listed")
