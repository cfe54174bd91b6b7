// What the daemon carries out: the compiled program against a real socket with fake commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/admin/server.h"
#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/secret.h"
#include "gateway/policy/retraction.h"
#include "gateway/policy/grant.h"
#include "gateway/policy/vote.h"
#include "tests/support/fake_commands.h"
#include "tests/unit/cli/program.h"

namespace gateway::cli {
namespace {

using gateway::testing::FakeCells;
using gateway::testing::FakeCommands;
using gateway::testing::FakeListening;
using gateway::testing::Folder;
using gateway::testing::MakeCell;
using gateway::testing::Outcome;
using nlohmann::json;
using ::testing::HasSubstr;

class DaemonCommandsTest : public ::testing::Test {
 protected:
  // Every answer comes from what the fakes hold now.
  Outcome Commons(const std::string& arguments) {
    auto server = admin::AdminServer::Start(folder_ / "admin.sock", commands_, cells_, listening_);
    EXPECT_TRUE(server.ok()) << Message(server.status());
    if (!server.ok()) return {};
    return folder_.Commons(arguments);
  }

  Folder folder_;
  FakeCommands commands_;
  FakeCells cells_;
  FakeListening listening_;
};

TEST_F(DaemonCommandsTest, ARefusalIsExitCode1WithItsReasonEvenIfItsCodeIsUnavailable) {
  for (const StatusCode code : {StatusCode::kPermissionDenied, StatusCode::kUnavailable}) {
    commands_.refusal = MakeStatus(code, "the disk is full");
    const Outcome outcome = Commons("status");
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err, "commons: the disk is full\n");
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(DaemonCommandsTest, CellListShowsIntegersWhenReleasedAndNoFigureOtherwise) {
  cells_.cells = {MakeCell(CellStatus::kReleased, 0), MakeCell(CellStatus::kSuppressed, 1)};
  commands_.pending = {MakeCell(CellStatus::kPending, 2)};
  const Outcome outcome = Commons("cell list --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json(), json::parse(R"([
    {"gateway": "gw-a", "rule": "load-hourly", "metric": "load", "unit": "Wh", "zone": "north",
     "start": "2013-01-14T00:00:00Z", "end": "2013-01-14T01:00:00Z", "status": "released",
     "count": 12, "sum": 34567, "mean": 2881, "completeness_pct": 99, "homes_in_zone": 40,
     "policy_version": 7, "redistribution": false, "replay": true},
    {"gateway": "gw-a", "rule": "load-hourly", "metric": "load", "unit": "Wh", "zone": "north",
     "start": "2013-01-14T01:00:00Z", "end": "2013-01-14T02:00:00Z", "status": "suppressed",
     "policy_version": 7, "redistribution": false, "replay": true},
    {"gateway": "gw-a", "rule": "load-hourly", "metric": "load", "unit": "Wh", "zone": "north",
     "start": "2013-01-14T02:00:00Z", "end": "2013-01-14T03:00:00Z", "status": "pending",
     "policy_version": 7, "redistribution": false, "replay": true}])"));
}

TEST_F(DaemonCommandsTest, TheReceiptOfAnErasureIsFetchedAgainAndNeverOverwritesAFile) {
  commands_.receipt = "signed";
  const std::string file = folder_ / "flat-1.receipt";
  const Outcome outcome = Commons("household receipt " + file + " --of flat-1 --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(commands_.asked, "flat-1");
  EXPECT_EQ(*ReadFile(file, 100), "signed");
  commands_.receipt = "another";
  EXPECT_EQ(Commons("household receipt " + file + " --of flat-1").code, 1);
  EXPECT_EQ(*ReadFile(file, 100), "signed");
  const Outcome neither = Commons("household receipt " + file);
  EXPECT_EQ(neither.code, 1);
  EXPECT_THAT(neither.err, HasSubstr("--of"));
}

TEST_F(DaemonCommandsTest, CellListPassesItsFilterOn) {
  ASSERT_EQ(
      Commons("cell list --metric load --zone north --rule r --from 1970-01-01T00:00:01Z").code, 0);
  EXPECT_EQ(commands_.asked_filter.metric, "load");
  EXPECT_EQ(commands_.asked_filter.zone, "north");
  EXPECT_EQ(commands_.asked_filter.rule, "r");
  EXPECT_EQ(commands_.asked_filter.from, Time(Millis(1000)));
  EXPECT_FALSE(commands_.asked_filter.until.has_value());
}

TEST_F(DaemonCommandsTest, FiguresOfAnotherResolutionSaySo) {
  cells_.cells = {MakeCell(CellStatus::kReleased, 0)};
  cells_.cells[0].resolution = "0.1";
  EXPECT_EQ(Commons("cell list --format json").json()[0]["resolution"], "0.1");
}

TEST_F(DaemonCommandsTest, QuarantineListShowsShapesAndNothingThatMovesACursor) {
  commands_.quarantine = {{.id = 7,
                           .arrival = Time(Millis(1000)),
                           .device = "meter-1\x1b[2J",
                           .reason = "malformed",
                           .bytes = 31,
                           .whole = true,
                           .shape = "{\"value\": 9.99}"}};
  const Outcome outcome = Commons("quarantine list --device d --reason malformed --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(commands_.asked, "d/malformed");
  json row = outcome.json()[0];
  EXPECT_EQ(row["id"], 7);
  EXPECT_EQ(row["arrival"], "1970-01-01T00:00:01Z");
  EXPECT_EQ(row["bytes"], 31);
  EXPECT_EQ(row["shape"], "{\"value\": 9.99}");
  EXPECT_THAT(Commons("quarantine list").out, HasSubstr("meter-1?[2J"));
}

TEST_F(DaemonCommandsTest, QuarantineRetryAndDropPassTheirFilterOn) {
  EXPECT_EQ(Commons("quarantine retry --reason no-time --format json").json(),
            json::parse(R"({"tried": 5, "admitted": 3, "observations": 4})"));
  EXPECT_EQ(commands_.asked, "retry /no-time");
  EXPECT_EQ(Commons("quarantine drop --device d --format json").json(),
            json::parse(R"({"dropped": 2})"));
  EXPECT_EQ(commands_.asked, "drop d/");
  EXPECT_EQ(Commons("quarantine drop --all").code, 0);
  EXPECT_EQ(commands_.asked, "drop /");
  commands_.asked = "";
  EXPECT_EQ(Commons("quarantine drop").code, 2);  // everything only if it is said
  EXPECT_EQ(Commons("quarantine drop --all --device d").code, 2);
  EXPECT_EQ(commands_.asked, "");
}

TEST_F(DaemonCommandsTest, StatusCountsEveryReason) {
  commands_.status.commons = "riverside";
  commands_.status.received = 16;
  commands_.status.counts = {{"stored", "", 9},          {"denied", "unknown-device", 3},
                             {"denied", "retained", 1},  {"quarantined", "no-time", 2},
                             {"duplicate", "conflict", 1}};
  commands_.status.odd = {{"odd", "dip", 4}, {"odd", "rollover", 1}};
  commands_.status.ledger_root = std::string(32, '\xab');
  commands_.status.retention.last_run = Time(std::chrono::hours(24 * 365));
  const json status = Commons("status --format json").json();
  EXPECT_EQ(status["commons"], "riverside");
  EXPECT_EQ(status["last_retention"], "1971-01-01T00:00:00Z");
  EXPECT_EQ(status["received"], 16);
  EXPECT_EQ(status["stored"], 9);
  EXPECT_EQ(status["denied"], 4);
  EXPECT_EQ(status["quarantined"], 2);
  EXPECT_EQ(status["duplicate"], 1);
  EXPECT_EQ(status["reasons"], json::parse(R"({"denied": {"unknown-device": 3, "retained": 1},
      "quarantined": {"no-time": 2}, "duplicate": {"conflict": 1}})"));
  EXPECT_EQ(status["counters"], json::parse(R"({"odd": {"dip": 4, "rollover": 1}})"));
  EXPECT_EQ(status["ledger_root"], HexEncode(std::string(32, '\xab')));
  for (const char* key : {"gateway", "origin", "replay", "now", "clock_sound", "broker_connected",
                          "policy_version", "waiting", "late", "journaled", "folded",
                          "households", "devices", "open_days", "ledger_size", "released",
                          "suppressed", "rolled_up", "erased", "erased_rollups",
                          "keys_destroyed", "retention_bytes", "untimed"}) {
    EXPECT_TRUE(status.contains(key)) << key;
  }
}

TEST_F(DaemonCommandsTest, HouseholdAddWritesThePrivateInvite) {
  commands_.invite = {"riverside", "gw-a", std::string(16, '\x11'), std::string(16, '\x22')};
  const Outcome outcome = Commons("household add flat-1 --zone north --adults 2 --invite i");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(commands_.asked, "flat-1/north/2");
  EXPECT_EQ(folder_.Read("i"), "commons-invite-v1 riverside gw-a 11111111111111111111111111111111 "
                               "22222222222222222222222222222222\n");
  EXPECT_EQ(folder_.ModeOf("i"), 0600u);
}

TEST_F(DaemonCommandsTest, HouseholdAddAsksForNothingIfItCouldNotKeepTheInvite) {
  folder_.Write("i", "another");
  EXPECT_EQ(Commons("household add flat-1 --zone north --invite i").code, 1);
  EXPECT_EQ(commands_.asked, "");
  EXPECT_EQ(folder_.Read("i"), "another");
}

TEST_F(DaemonCommandsTest, ConfirmSendsTheAcceptancesAndAStewardsSignature) {
  commands_.invite = {"riverside", "gw-a", std::string(16, '\x11'), std::string(16, '\x22')};
  ASSERT_EQ(Commons("household add flat-1 --zone north --adults 2 --invite i").code, 0);
  for (const std::string name : {"ann", "ben", "steward"}) {
    ASSERT_EQ(folder_.Commons("resident keygen --out " + name).code, 0);
    ASSERT_EQ(folder_.Commons("resident accept --invite i --out " + name + ".dsse --key " + name)
                  .code, 0);
  }
  const Outcome outcome =
      Commons("household confirm flat-1 --acceptance ann.dsse ben.dsse --key steward");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(commands_.acceptances,
            (std::vector<std::string>{folder_.Read("ann.dsse"), folder_.Read("ben.dsse")}));
  const auto envelope = crypto::ParseEnvelope(commands_.confirmation);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->payload_type, crypto::kConfirmationType);
  ASSERT_TRUE(crypto::InitCrypto().ok());
  const auto steward = crypto::Signer::FromKeyFile(folder_.Read("steward"));
  ASSERT_TRUE(steward.ok());
  const std::vector<std::string> trusted = {steward->public_key()};
  EXPECT_EQ(crypto::ValidSigners(*envelope, trusted).size(), 1u);
}

TEST_F(DaemonCommandsTest, APlaceIsAddedAndConfirmedByAStewardWithoutAcceptances) {
  EXPECT_EQ(Commons("place add post-1 --zone north --format json").json(),
            json::parse(R"({"place": "post-1", "zone": "north", "state": "added"})"));
  EXPECT_EQ(commands_.asked, "post-1/north");
  commands_.places = {{"post-1", "north", "added", std::string(16, '\x11'), 2}};
  EXPECT_EQ(Commons("place list --format csv").out,
            "place,zone,state,devices,subject\r\n"
            "post-1,north,added,2,11111111111111111111111111111111\r\n");
  commands_.status.commons = "riverside";
  commands_.status.gateway = "gw-a";
  ASSERT_EQ(folder_.Commons("resident keygen --out steward").code, 0);
  const Outcome outcome = Commons("place confirm post-1 --key steward");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(commands_.asked, "post-1");
  const auto envelope = crypto::ParseEnvelope(commands_.confirmation);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->payload_type, crypto::kConfirmationType);
  const policy::Invite place{"riverside", GatewayId("gw-a"),
                             SubjectId::FromBytes(std::string(16, '\x11')), {}};
  EXPECT_EQ(envelope->payload, policy::BuildConfirmation(place, {}, commands_.status.now));
  EXPECT_EQ(Commons("place confirm post-2 --key steward").code, 1);
}

TEST_F(DaemonCommandsTest, ADeviceIsAHouseholdsOrAPlacesNeverBoth) {
  EXPECT_EQ(Commons("device add sds-1 --place post-1").code, 0);
  EXPECT_EQ(commands_.asked, "sds-1/place post-1");
  EXPECT_EQ(Commons("device add m-1 --household flat-1").code, 0);
  EXPECT_EQ(commands_.asked, "m-1/flat-1");
  commands_.asked.clear();
  EXPECT_EQ(Commons("device add m-1").code, 2);
  EXPECT_EQ(Commons("device add m-1 --household flat-1 --place post-1").code, 2);
  EXPECT_EQ(commands_.asked, "");
}

TEST_F(DaemonCommandsTest, ASumBelowMinCountIsANumberForProgramsAndASignForPeople) {
  cells_.cells = {MakeCell(CellStatus::kReleased, 0)};
  cells_.cells[0].figures = Figures{.homes_in_zone = 40, .below = 5};
  const json cell = Commons("cell list --format json").json()[0];
  EXPECT_EQ(cell["below"], 5);
  for (const char* key : {"count", "sum", "mean", "completeness_pct"}) {
    EXPECT_FALSE(cell.contains(key)) << key;
  }
  const Outcome table = Commons("cell list");
  EXPECT_THAT(table.out, HasSubstr("<5"));
  EXPECT_THAT(table.out, ::testing::Not(HasSubstr("below")));
  EXPECT_THAT(Commons("cell list --format csv").out, HasSubstr("released,,,,5,,40,"));
}

TEST_F(DaemonCommandsTest, GrantsAreImportedListedAndWithdrawn) {
  folder_.Write("g", "an envelope");
  const std::string id = HexEncode(std::string(32, '\x5a'));
  EXPECT_EQ(Commons("grant import g").out, id + "\n");
  EXPECT_EQ(commands_.asked, "an envelope");
  EXPECT_EQ(Commons("grant withdraw flat-1 --grant " + id + " --format json").json()["withdrawn"],
            2);
  EXPECT_EQ(commands_.asked, "flat-1/" + std::string(32, '\x5a'));
  commands_.grants = {{std::string(32, '\x5a'), "flat-1", "given", {"load"}, {"https://x"},
                       {"city-hall", "peers"}, Time(), Time(Millis(1000))}};
  const json row = Commons("grant list flat-1 --format json").json()[0];
  EXPECT_EQ(row["id"], id);
  EXPECT_EQ(row["recipients"], json({"city-hall", "peers"}));
  EXPECT_EQ(row["not_after"], "1970-01-01T00:00:01Z");
}

TEST_F(DaemonCommandsTest, ListsAreCsvToo) {
  commands_.devices = {{.device = "meter,1", .household = "flat-1", .profile = "generic",
                        .claim = "meter,1"},
                       {.device = "sds-1", .place = "post-1", .profile = "x", .claim = ""}};
  EXPECT_EQ(Commons("device list --format csv").out,
            "device,household,place,profile,claim,state,last_heard,expected,login\r\n"
            "\"meter,1\",flat-1,,generic,,,,,\r\nsds-1,,post-1,x,(secret),,,,\r\n");
  EXPECT_EQ(Commons("--format csv household list").out,
            "household,zone,state,adults,devices,grants,subject\r\n");
}

TEST_F(DaemonCommandsTest, ActivateSendsTheFilesAndShowsWarningsOnStderr) {
  folder_.Write("a.dsse", "A");
  folder_.Write("b.dsse", "B");
  commands_.warnings = {"policy line 3: L99: unusual"};
  commands_.documents = {{"policy", 4, std::string(32, '\1'), "text", {"ada"}}};
  const Outcome outcome = Commons("policy activate a.dsse b.dsse --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(commands_.documents_given, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(outcome.err, "warning: policy line 3: L99: unusual\n");
  EXPECT_EQ(outcome.json()[0]["version"], 4);
  EXPECT_EQ(Commons("policy show --format json").json()[0]["text"], "text");
}

TEST_F(DaemonCommandsTest, ProposeSendsTheFilesAndShowsWhereTheyStand) {
  folder_.Write("a.dsse", "A");
  folder_.Write("b.dsse", "B");
  commands_.handed.effects = {"roster: version 2"};
  commands_.handed.changes = {{.type = "policy",
                               .version = 5,
                               .hash = std::string(32, '\1'),
                               .stage = "scheduled",
                               .change = "looser",
                               .differences = {"looser: release of load"},
                               .signatures = {"policy: 2 of 2 (ana, bo)"},
                               .due = Time(Millis(1'358'121'600'000)),
                               .timed = true,
                               .waits_for = "its notice",
                               .households = 7,
                               .objecting = 1}};
  const Outcome outcome = Commons("policy propose a.dsse b.dsse --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(commands_.documents_given, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(outcome.err, "roster: version 2 has taken effect\n");
  const json row = outcome.json()[0];
  EXPECT_EQ(row["stage"], "scheduled");
  EXPECT_EQ(row["takes_effect"], "2013-01-14T00:00:00Z");
  EXPECT_EQ(row["signatures"], json({"policy: 2 of 2 (ana, bo)"}));
  EXPECT_EQ(row["objecting"], 1);
  commands_.handed.changes[0].timed = false;
  EXPECT_FALSE(Commons("policy propose a.dsse --format json").json()[0].contains("takes_effect"));
}

TEST_F(DaemonCommandsTest, PolicyStatusShowsWhatIsInForceAndWhatIsProposed) {
  commands_.rules.documents = {{.type = "policy",
                                .version = 4,
                                .hash = std::string(32, '\1'),
                                .payload = "text",
                                .signers = {"ana"},
                                .expires = Time(Millis(1'358'121'600'000)),
                                .serves_until = Time(Millis(1'358'208'000'000))}};
  commands_.rules.changes = {{.type = "charter", .version = 2, .stage = "proposed"}};
  commands_.rules.retired = {"ed25519:00"};
  const Outcome outcome = Commons("policy status --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["in_force"][0]["expires"], "2013-01-14T00:00:00Z");
  EXPECT_EQ(outcome.json()["in_force"][0]["serves_until"], "2013-01-15T00:00:00Z");
  EXPECT_EQ(outcome.json()["proposed"][0]["stage"], "proposed");
  EXPECT_EQ(outcome.json()["retired_keys"][0]["key"], "ed25519:00");
  EXPECT_EQ(outcome.out.find("text"), std::string::npos);
}

TEST_F(DaemonCommandsTest, AnObjectionIsSignedOverTheProposalThatTheDaemonHas) {
  ASSERT_EQ(folder_.Commons("resident keygen --out ann.key").code, 0);
  folder_.Write("policy.yaml", "the text");
  commands_.status.commons = "riverside";
  commands_.status.now = Time(Millis(1'358'121'600'000));
  commands_.households = {{.household = "flat-1", .subject = std::string(16, 's')}};
  commands_.rules.changes = {{.type = "policy", .hash = crypto::Blake2b256("the text")}};
  const Outcome outcome = Commons("policy object policy.yaml --household flat-1 --key ann.key");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  ASSERT_TRUE(commands_.asked.starts_with("flat-1/"));
  const auto vote = policy::VerifyVote(commands_.asked.substr(7), "riverside");
  ASSERT_TRUE(vote.ok()) << vote.status();
  EXPECT_EQ(vote->choice, policy::Choice::kObject);
  EXPECT_EQ(vote->document, crypto::Blake2b256("the text"));
  EXPECT_EQ(vote->subject.view(), std::string(16, 's'));
  EXPECT_EQ(vote->at, commands_.status.now);
  const Outcome unknown = Commons("policy approve policy.yaml --household no --key ann.key");
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("no such household"));
  folder_.Write("policy.yaml", "another text");
  EXPECT_THAT(Commons("policy object policy.yaml --household flat-1 --key ann.key").err,
              HasSubstr("no such proposal"));
}

TEST_F(DaemonCommandsTest, GatewayKeysAreShownAndWrittenForTheRoster) {
  commands_.keys = {"gw-a", std::string(32, '\x11'), std::string(32, '\x22'),
                    std::string(32, '\x33')};
  const std::string tls = "sha256:" + HexEncode(std::string(32, '\x11'));
  const std::string sign = "ed25519:" + HexEncode(std::string(32, '\x22'));
  const std::string log = "ed25519:" + HexEncode(std::string(32, '\x33'));
  const Outcome outcome = Commons("gateway keys --out gw-a.pub --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json(), (json{{"gateway", "gw-a"}, {"tls", tls}, {"sign", sign}, {"log", log}}));
  EXPECT_EQ(folder_.Read("gw-a.pub"),
            "commons-gateway-v1 gw-a " + tls + " " + sign + " " + log + "\n");
  EXPECT_EQ(Commons("gateway keys --out gw-a.pub").code, 1);  // never over another file
  EXPECT_EQ(Commons("gateway keys").code, 0);
}

TEST_F(DaemonCommandsTest, RetractSignsTheCellThatTheDaemonKnows) {
  commands_.explanation = {MakeCell(CellStatus::kReleased, 3), std::string(32, '\x5c'), "",
                           SuppressionReason::kNone, "released"};
  ASSERT_EQ(folder_.Commons("resident keygen --out ana.key").code, 0);
  const std::string cell = "--rule load-hourly --zone north --start 2013-01-14T03:00:00Z ";
  const Outcome outcome =
      Commons("cell retract " + cell + "--reason wrong-readings --key ana.key --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["entry"], 41);
  EXPECT_EQ(outcome.json()["retracted"], "wrong-readings");
  ASSERT_TRUE(crypto::InitCrypto().ok());
  const auto steward = crypto::Signer::FromKeyFile(folder_.Read("ana.key"));
  ASSERT_TRUE(steward.ok());
  policy::Charter charter;
  charter.commons = "riverside";
  charter.keys["ana"] = steward->public_key();
  charter.policy.keys = {"ana"};
  const auto verified =
      policy::VerifyRetraction(commands_.retraction, charter, GatewayId("gw-a"));
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->retraction.cell_hash, std::string(32, '\x5c'));
  EXPECT_EQ(verified->retraction.rule, RuleId("load-hourly"));
  EXPECT_EQ(verified->retraction.start, Time(Millis(1'358'132'400'000)));
}

TEST_F(DaemonCommandsTest, RetractRefusesPendingCellsAndFreeText) {
  commands_.explanation = {MakeCell(CellStatus::kPending, 3), "", "", SuppressionReason::kNone, ""};
  ASSERT_EQ(folder_.Commons("resident keygen --out ana.key").code, 0);
  const std::string cell = "--rule load-hourly --zone north --start 2013-01-14T03:00:00Z ";
  EXPECT_EQ(Commons("cell retract " + cell + "--reason other --key ana.key").code, 1);
  EXPECT_EQ(Commons("cell retract " + cell + "--reason because --key ana.key").code, 2);
  EXPECT_EQ(commands_.retraction, "");
}

TEST_F(DaemonCommandsTest, CellsThatWereRetractedSaySo) {
  cells_.cells = {MakeCell(CellStatus::kReleased, 0)};
  EXPECT_FALSE(Commons("cell list --format json").json()[0].contains("retracted"));
  cells_.retracted = "wrong-rules";
  const json row = Commons("cell list --format json").json()[0];
  EXPECT_EQ(row["retracted"], "wrong-rules");
  EXPECT_EQ(row["sum"], 34567);  // the mark hides nothing
  commands_.explanation = {MakeCell(CellStatus::kReleased, 0), std::string(32, '\x5c'),
                           "wrong-rules", SuppressionReason::kNone, "released"};
  EXPECT_EQ(Commons("cell explain --rule load-hourly --zone north --start 2013-01-14T00:00:00Z "
                    "--format json").json()["retracted"],
            "wrong-rules");
}

TEST_F(DaemonCommandsTest, ExplainAndClockSayWhatHappened) {
  commands_.explanation = {MakeCell(CellStatus::kSuppressed, 3), std::string(32, '\x5c'), "",
                           SuppressionReason::kDominance, "one household is too large a share"};
  const json cell =
      Commons("cell explain --rule load-hourly --zone north --start 2013-01-14T03:00:00Z "
              "--format json").json();
  EXPECT_EQ(commands_.asked, "load-hourly/north/1358132400000");
  EXPECT_EQ(cell["status"], "suppressed");
  EXPECT_EQ(cell["reason"], "dominance");
  const json clock = Commons("clock advance 2013-01-15T00:00:00Z --format json").json();
  EXPECT_EQ(clock["sheets_decided"], 3);
  EXPECT_EQ(commands_.advanced_to, Time(Millis(1'358'208'000'000)));
}

TEST_F(DaemonCommandsTest, PeerListShowsWhatTheRosterInForceMakesOfEachGateway) {
  const auto keys = [](const std::string& digit) {
    std::string hex;
    for (int i = 0; i < 64; ++i) hex += digit;
    return ", tls: [\"sha256:" + hex + "\"], sign: \"ed25519:" + hex + "\", log: \"ed25519:" + hex +
           "\"}\n";
  };
  commands_.status.gateway = "gw-a";
  commands_.documents = {
      {"charter", 1, std::string(32, '\1'), "text", {"ada"}},
      {"roster", 1, std::string(32, '\1'),
       "schema: commons-roster/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
       "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\ngateways:\n"
       "  - {id: gw-a, zone: north, address: \"a.example:7443\"" + keys("a") +
       "  - {id: gw-b, zone: south, address: \"b.example:7443\"" + keys("b") +
       "  - {id: gw-c, zone: east" + keys("c") + "  - {id: gw-d, zone: west}\nparties: []\n",
       {"ada"}}};
  const Outcome outcome = Commons("peer list --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json rows = outcome.json();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0]["relation"], "self");
  EXPECT_EQ(rows[1]["relation"], "peer");
  EXPECT_EQ(rows[1]["address"], "b.example:7443");
  EXPECT_THAT(rows[1]["tls"][0].get<std::string>(), HasSubstr("sha256:bbbb"));
  EXPECT_EQ(rows[2]["relation"], "unreachable-without-address");
  EXPECT_EQ(rows[3]["relation"], "without-keys");
}

TEST_F(DaemonCommandsTest, HouseholdExportWritesAPrivateFileOrNone) {
  commands_.export_chunks = {"age-encryption.org/v1\n", "sealed"};
  const std::string path = folder_ / "flat-12.tar.age";
  const Outcome outcome = Commons("household export flat-12 --format json --out " + path);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json(),
            json({{"household", "flat-12"}, {"export", path}, {"bytes", 28}}));
  EXPECT_EQ(*ReadFile(path, 100), "age-encryption.org/v1\nsealed");
  EXPECT_EQ(commands_.asked, "flat-12");
  EXPECT_THAT(Commons("household export flat-12 --out " + path).err, HasSubstr("there already"));

  commands_.refusal = FailedPrecondition("the household is not confirmed");
  const std::string other = folder_ / "other.age";
  const Outcome refused = Commons("household export flat-12 --out " + other);
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.err, "commons: the household is not confirmed\n");
  EXPECT_EQ(ReadFile(other, 100).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace gateway::cli
