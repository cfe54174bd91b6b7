#include "gateway/policy/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/crypto/box.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/x509.h"
#include "gateway/model/time.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/lint.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kCity = 'c';
constexpr char kLab = 'l';

Time At(std::string_view text) {
  const StatusOr<Time> time = ParseTime(text);
  EXPECT_TRUE(time.ok()) << text;
  return *time;
}

std::string PartyLine(const std::string& id, char seed) {
  return "  - {id: " + id + ", kind: researcher, tls: [\"" +
         crypto::FormatPin(crypto::Sha256(id)) + "\"], request: [\"" +
         crypto::FormatPublicKey(SignerOf(seed).public_key()) + "\"]}\n";
}

std::string TwoParties() {
  return "schema: commons-roster/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
         "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
         "gateways: [{id: gw-mill-lane, zone: mill-lane}]\nparties:\n" +
         PartyLine("city-hall", kCity) + PartyLine("lab", kLab);
}

Query LoadQuestion() {
  Query query;
  query.commons = "riverside";
  query.question.purpose = "official-stats";
  query.question.metric = MetricId("load");
  query.nonce = std::string(16, 'n');
  query.issued = At("2026-01-01T00:00:00Z");
  query.expires = At("2026-01-01T00:05:00Z");
  query.answer_pk = std::string(32, 'k');
  return query;
}

std::string SignedBy(char seed, const Query& query) {
  const StatusOr<std::string> payload = BuildQuery(query);
  EXPECT_TRUE(payload.ok()) << payload.status();
  return SignQuery(*payload, SignerOf(seed));
}

OpenedQuery Open(const std::string& envelope, std::string_view now = "2026-01-01T00:01:00Z") {
  return OpenQuery(envelope, RosterOf(TwoParties()), At(now));
}

TEST(QueryTest, TheSignatureTellsWhoAsksWhat) {
  Query query = LoadQuestion();
  query.question.zone = ZoneId("harbour");
  query.question.bucket = std::chrono::hours(1);
  query.question.from = At("2025-01-13T00:00:00Z");
  query.question.until = At("2025-01-14T00:00:00Z");
  const OpenedQuery opened = Open(SignedBy(kLab, query));
  ASSERT_EQ(opened.code, QueryCode::kOk);
  EXPECT_EQ(opened.party, PartyId("lab"));
  EXPECT_EQ(opened.query.question.metric, MetricId("load"));
  EXPECT_EQ(opened.query.question.zone, ZoneId("harbour"));
  EXPECT_EQ(opened.query.question.bucket, Millis(std::chrono::hours(1)));
  EXPECT_EQ(opened.query.question.from, query.question.from);
  EXPECT_EQ(opened.query.question.until, query.question.until);
  EXPECT_EQ(opened.query.hash, crypto::Blake2b256(*BuildQuery(query)));
}

TEST(QueryTest, EachRefusalHasItsCode) {
  const std::string good = SignedBy(kCity, LoadQuestion());
  Query other = LoadQuestion();
  other.commons = "lakeside";
  Query late = LoadQuestion();
  late.issued = At("2026-01-01T00:03:00Z");
  EXPECT_EQ(Open(good).code, QueryCode::kOk);
  EXPECT_EQ(Open("").code, QueryCode::kBadRequest);
  EXPECT_EQ(Open(SignedBy('x', LoadQuestion())).code, QueryCode::kUnknownParty);
  EXPECT_EQ(Open(SignedBy(kCity, other)).code, QueryCode::kWrongCommons);
  EXPECT_EQ(Open(good, "2026-01-01T00:04:59Z").code, QueryCode::kOk);
  EXPECT_EQ(Open(good, "2026-01-01T00:05:00Z").code, QueryCode::kExpired);
  EXPECT_EQ(Open(good, "2025-12-31T23:59:00Z").code, QueryCode::kOk);
  EXPECT_EQ(Open(good, "2025-12-31T23:58:59Z").code, QueryCode::kExpired);
  EXPECT_EQ(Open(SignedBy(kCity, late)).code, QueryCode::kExpired);
}

TEST(QueryTest, NoBitOfASignedQuestionCanBeChanged) {
  const std::string good = SignedBy(kCity, LoadQuestion());
  int bad_signatures = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const QueryCode code = Open(changed).code;
    EXPECT_NE(code, QueryCode::kOk) << "bit " << bit;
    if (code == QueryCode::kBadSignature) ++bad_signatures;
  }
  // Most bits are payload or signature; the others break the envelope or the key's name.
  EXPECT_GT(bad_signatures, 1000);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(Open(good.substr(0, size)).code, QueryCode::kOk) << size;
  }
}

TEST(QueryTest, AFieldThatNobodyKnowsIsRefusedInTheFilterToo) {
  const std::string payload = *BuildQuery(LoadQuestion());
  const std::string field("\x78\x01", 2);  // number 15, of value 1
  const std::string filter("\x22\x06\x0a\x04load", 8);
  EXPECT_EQ(Open(SignQuery(payload, SignerOf(kCity))).code, QueryCode::kOk);
  EXPECT_EQ(Open(SignQuery(payload + field, SignerOf(kCity))).code, QueryCode::kBadRequest);
  const std::string wider = Replaced(payload, filter, "\x22\x08\x0a\x04load" + field);
  EXPECT_EQ(Open(SignQuery(wider, SignerOf(kCity))).code, QueryCode::kBadRequest);
}

TEST(QueryTest, AnEnvelopeOfAnotherKindOrWithTwoSignaturesIsNoQuestion) {
  const std::string payload = *BuildQuery(LoadQuestion());
  crypto::Envelope envelope{std::string(crypto::kGrantType), payload, {}};
  crypto::SignEnvelope(envelope, SignerOf(kCity));
  EXPECT_EQ(Open(crypto::SerializeEnvelope(envelope)).code, QueryCode::kBadRequest);
  envelope = {std::string(crypto::kQueryType), payload, {}};
  crypto::SignEnvelope(envelope, SignerOf(kCity));
  crypto::SignEnvelope(envelope, SignerOf(kLab));
  EXPECT_EQ(Open(crypto::SerializeEnvelope(envelope)).code, QueryCode::kBadRequest);
}

TEST(QueryTest, BuildRefusesWhatNobodyWouldTake) {
  const auto refused = [](auto change) {
    Query query = LoadQuestion();
    change(query);
    return BuildQuery(query).status().code() == StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](Query& q) { q.nonce.pop_back(); }));
  EXPECT_TRUE(refused([](Query& q) { q.answer_pk.pop_back(); }));
  EXPECT_TRUE(refused([](Query& q) { q.expires += Millis(1); }));
  EXPECT_TRUE(refused([](Query& q) { q.expires = q.issued; }));
  EXPECT_TRUE(refused([](Query& q) { q.commons = "River side"; }));
  EXPECT_TRUE(refused([](Query& q) { q.question.metric = MetricId("../load"); }));
  EXPECT_TRUE(refused([](Query& q) {
    q.question.from = q.question.until = At("2025-01-13T00:00:00Z");
  }));
}

// ---- The decision. ----

struct Scene {
  Documents documents{CharterOf(CharterText()), PolicyOf(PolicyText()), RosterOf(TwoParties())};
  PartyId party{"city-hall"};
  Question question{.purpose = "official-stats",
                    .metric = MetricId("load"),
                    .rule = {},
                    .zone = {},
                    .bucket = std::nullopt,
                    .from = std::nullopt,
                    .until = std::nullopt};
  Time now = At("2026-01-01T00:00:00Z");
  bool clock_sound = true;

  std::string Decide() const {
    const QueryDecision decision = DecideQuery(documents, party, question, now, clock_sound);
    std::string text(QueryCodeName(decision.code));
    for (const RuleId& rule : decision.rules) text += " " + rule.value();
    return text;
  }
};

TEST(DecideQueryTest, AllowsByTheShareRulesAndNamesThem) {
  Scene scene;
  EXPECT_EQ(scene.Decide(), "OK load-daily load-hourly");
  scene.question.bucket = std::chrono::hours(1);
  EXPECT_EQ(scene.Decide(), "OK load-hourly");
  scene.question.bucket.reset();
  scene.question.rule = RuleId("load-daily");
  scene.question.zone = ZoneId("harbour");
  EXPECT_EQ(scene.Decide(), "OK load-daily");
}

TEST(DecideQueryTest, EachRefusalNamesItsCodeAndRule) {
  const auto decided = [](auto change) {
    Scene scene;
    change(scene);
    return scene.Decide();
  };
  EXPECT_EQ(decided([](Scene& s) { s.clock_sound = false; }), "POLICY_UNAVAILABLE");
  EXPECT_EQ(decided([](Scene& s) { s.now = At("2100-01-08T00:00:00Z"); }), "POLICY_UNAVAILABLE");
  EXPECT_EQ(decided([](Scene& s) {
              s.documents.policy.expires = s.now - s.documents.charter.grace;
            }), "POLICY_UNAVAILABLE");
  EXPECT_EQ(decided([](Scene& s) {
              s.documents.roster.expires = s.now - s.documents.charter.grace;
            }), "POLICY_UNAVAILABLE");
  EXPECT_EQ(decided([](Scene& s) { s.party = PartyId("utility"); }), "UNKNOWN_PARTY");
  EXPECT_EQ(decided([](Scene& s) { s.question.purpose = ""; }), "PURPOSE_REQUIRED");
  EXPECT_EQ(decided([](Scene& s) { s.question.purpose = "profit"; }), "UNKNOWN_PURPOSE");
  EXPECT_EQ(decided([](Scene& s) { s.question.metric = MetricId("noise"); }), "BAD_REQUEST");
  EXPECT_EQ(decided([](Scene& s) { s.question.zone = ZoneId("moon"); }), "BAD_REQUEST");
  EXPECT_EQ(decided([](Scene& s) { s.question.rule = RuleId("all"); }), "BAD_REQUEST");
  EXPECT_EQ(decided([](Scene& s) { s.question.purpose = "law-enforcement"; }),
            "FORBIDDEN f-coercive");
  EXPECT_EQ(decided([](Scene& s) { s.question.purpose = "mobility"; }), "NOT_PERMITTED");
  EXPECT_EQ(decided([](Scene& s) { s.party = PartyId("lab"); }), "NOT_PERMITTED");
  EXPECT_EQ(decided([](Scene& s) { s.question.bucket = std::chrono::minutes(30); }),
            "GRANULARITY load-daily load-hourly");
  EXPECT_EQ(decided([](Scene& s) { s.question.zone = ZoneId("waterside"); }),
            "GRANULARITY load-daily load-hourly");
  EXPECT_EQ(decided([](Scene& s) { s.question.from = s.now; }), "TOO_EARLY load-daily load-hourly");
  EXPECT_EQ(decided([](Scene& s) {
              for (ShareRule& rule : s.documents.policy.share) rule.valid_until = s.now;
            }),
            "EXPIRED_RULE load-daily load-hourly");
}

TEST(DecideQueryTest, ServesThroughTheGraceAndNotAMomentLonger) {
  Scene scene;
  scene.documents.policy.expires = scene.now - scene.documents.charter.grace + Millis(1);
  EXPECT_EQ(scene.Decide(), "OK load-daily load-hourly");
  scene.documents.charter.grace -= Millis(1);
  EXPECT_EQ(scene.Decide(), "POLICY_UNAVAILABLE");
}

TEST(DecideQueryTest, TwoObstaclesAreNotExplained) {
  Scene scene;
  scene.question.bucket = std::chrono::minutes(30);
  scene.question.from = scene.now;
  EXPECT_EQ(scene.Decide(), "NOT_PERMITTED");
}

TEST(DecideQueryTest, AgeAndValidityHoldAtTheirLimits) {
  Scene scene;
  scene.question.from = scene.now - std::chrono::hours(24);
  EXPECT_EQ(scene.Decide(), "OK load-daily load-hourly");
  scene.question.from = *scene.question.from + Millis(1);
  EXPECT_EQ(scene.Decide(), "TOO_EARLY load-daily load-hourly");
  scene = Scene();
  scene.documents.policy.share[0].valid_from = scene.now;
  scene.documents.policy.share[1].valid_until = scene.now + Millis(1);
  EXPECT_EQ(scene.Decide(), "OK load-daily load-hourly");
}

TEST(DecideQueryTest, ForbidBeatsAShareRuleAndFloorsBeatIt) {
  Scene scene;
  scene.documents.policy.purposes[0].group = "coercive";
  EXPECT_EQ(scene.Decide(), "FORBIDDEN f-coercive");
  scene = Scene();
  scene.documents.charter.floors.k_min = 11;
  EXPECT_EQ(scene.Decide(), "FLOOR load-daily load-hourly");
}

TEST(DecideQueryTest, PublicIsForEveryPartyAndReservedWordsAreNobody) {
  Scene scene;
  scene.party = PartyId("lab");
  scene.documents.policy.share[0].to = {"public"};
  scene.documents.policy.share[1].to = {"peers", "members"};
  EXPECT_EQ(scene.Decide(), "OK load-hourly");
}

// ---- The roster's keys. ----

TEST(RosterKeysTest, PinsFindTheirOwners) {
  const Roster roster = RosterOf(TwoParties());
  ASSERT_NE(roster.PartyOfPin(crypto::Sha256("lab")), nullptr);
  EXPECT_EQ(roster.PartyOfPin(crypto::Sha256("lab"))->id, PartyId("lab"));
  EXPECT_EQ(roster.PartyOfPin(crypto::Sha256("nobody")), nullptr);
  EXPECT_EQ(roster.GatewayOfPin(crypto::Sha256("lab")), nullptr);
  EXPECT_EQ(roster.PartyOfPin(""), nullptr);
}

std::string GatewayLine(const std::string& id, char seed, const std::string& rest) {
  const auto key = [](char byte) {
    return "\"" + crypto::FormatPublicKey(SignerOf(byte).public_key()) + "\"";
  };
  return "  - {id: " + id + ", zone: mill-lane, tls: [\"" +
         crypto::FormatPin(crypto::Sha256(id)) + "\"], sign: " + key(seed) +
         ", log: " + key(static_cast<char>(seed + 1)) + rest + "}\n";
}

std::string RosterOfGateways(const std::string& lines) {
  return Replaced(TwoParties(), "gateways: [{id: gw-mill-lane, zone: mill-lane}]\n",
                  "gateways:\n" + lines);
}

TEST(RosterKeysTest, PeersAreAllOthersOrThoseListedIfTheyCanBeReached) {
  const std::string address = ", address: \"127.0.0.1:7001\"";
  const Roster roster = RosterOf(RosterOfGateways(
      GatewayLine("gw-a", 10, address) + GatewayLine("gw-b", 20, "") +
      GatewayLine("gw-c", 30, address + ", peers: [gw-a]") +
      GatewayLine("gw-d", 40, address + ", peers: []") + "  - {id: gw-e, zone: mill-lane}\n"));
  const auto peers = [&](const char* id) {
    std::vector<std::string> ids;
    for (const RosterGateway* peer : roster.PeersOf(GatewayId(id))) ids.push_back(peer->id.value());
    return ids;
  };
  EXPECT_THAT(peers("gw-a"), ElementsAre("gw-c", "gw-d"));
  EXPECT_THAT(peers("gw-b"), ElementsAre("gw-a", "gw-c", "gw-d"));
  EXPECT_THAT(peers("gw-c"), ElementsAre("gw-a"));
  EXPECT_THAT(peers("gw-d"), IsEmpty());
  EXPECT_THAT(peers("gw-x"), IsEmpty());
}

TEST(RosterKeysTest, RefusesWhatIsNoKeyAddressOrWholeSet) {
  const auto error = [](const std::string& text) {
    return std::string(Message(ParseRoster(text).status()));
  };
  EXPECT_THAT(error(Replaced(TwoParties(), "zone: mill-lane}", "zone: mill-lane, sign: \"ed25519:" +
                                                                std::string(64, 'a') + "\"}")),
              HasSubstr("all three keys"));
  EXPECT_THAT(error(Replaced(TwoParties(), "tls: [\"sha256:", "tls: [\"sha1:")), HasSubstr("sha256:"));
  EXPECT_THAT(error(Replaced(TwoParties(), "request: [\"ed25519:", "request: [\"rsa:")),
              HasSubstr("request"));
  for (const char* const address : {"nowhere", ":80", "a:", "a:b", "a:123456", "a b:1"}) {
    EXPECT_THAT(error(RosterOfGateways(GatewayLine(
                    "gw-a", 10, ", address: \"" + std::string(address) + "\""))),
                HasSubstr("host:port"))
        << address;
  }
}

TEST(RosterKeysTest, AKeyWithTwoRolesIsRefusedByLint) {
  const auto ids = [](const std::string& roster) {
    std::string all;
    for (const Finding& finding :
         Lint(CharterOf(CharterText()), PolicyOf(PolicyText()), RosterOf(roster))) {
      if (finding.refuses) all += finding.id + " ";
    }
    return all;
  };
  EXPECT_EQ(ids(TwoParties()), "");
  EXPECT_EQ(ids(RosterOfGateways(GatewayLine("gw-a", 10, ""))), "");
  // gw-b signs with gw-a's log key; a steward's key asks; two parties have one TLS key.
  EXPECT_EQ(ids(RosterOfGateways(GatewayLine("gw-a", 10, "") + GatewayLine("gw-b", 11, ""))),
            "L38 ");
  EXPECT_EQ(ids(TwoParties() + PartyLine("steward", '\x01')), "L38 ");
  EXPECT_EQ(ids(Replaced(TwoParties(), crypto::FormatPin(crypto::Sha256("lab")),
                         crypto::FormatPin(crypto::Sha256("city-hall")))),
            "L38 ");
  EXPECT_EQ(ids(RosterOfGateways(GatewayLine("gw-a", 10, ", peers: [gw-z]"))), "L20 ");
}

}  // namespace
}  // namespace gateway::policy
