// What a party does: its keys, its question as far as it needs no answer, and what it kept of one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/crypto/secret.h"
#include "gateway/crypto/x509.h"
#include "gateway/policy/gateway_keys.h"
#include "gateway/policy/query.h"
#include "gateway/proof/answer_file.h"
#include "tests/support/test_gateway.h"
#include "tests/unit/cli/program.h"

namespace gateway::cli {
namespace {

using gateway::testing::Folder;
using gateway::testing::Outcome;
using gateway::testing::TestGateway;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// One steward, who may sign everything.
std::string CharterOf(const std::string& public_key) {
  return "schema: commons-charter/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
         "expires: 2100-01-01T00:00:00Z\nkeys:\n  ada: \"" + public_key +
         "\"\nroles:\n  charter: {keys: [ada], threshold: 1}\n"
         "  policy: {keys: [ada], threshold: 1}\n  roster: {keys: [ada], threshold: 1}\n"
         "  enrolment: {keys: [ada], threshold: 1}\n"
         "floors: {k_min: 10, age_min: P1D, top1_max_pct: 30}\n"
         "delays: {looser: P14D, incomparable: P14D, entrenched: P42D, charter: P28D}\n";
}

TEST(PartyTest, InitMakesPrivateKeysAndPrintsWhatTheRosterLists) {
  ASSERT_TRUE(crypto::InitCrypto().ok());
  const Folder folder;
  const Outcome made = folder.Commons("party init --out p --format json");
  ASSERT_EQ(made.code, 0) << made.err;
  for (const char* name : {"p/request.key", "p/tls.key", "p/tls.crt"}) {
    EXPECT_EQ(folder.ModeOf(name), 0600u) << name;
  }
  EXPECT_EQ(folder.ModeOf("p"), 0700u);
  const auto signer = crypto::Signer::FromKeyFile(folder.Read("p/request.key"));
  ASSERT_TRUE(signer.ok());
  EXPECT_EQ(made.json()["request"], crypto::FormatPublicKey(signer->public_key()));
  const auto pin = crypto::PinOfCertificate(folder.Read("p/tls.crt"));
  ASSERT_TRUE(pin.ok());
  EXPECT_EQ(made.json()["tls"], crypto::FormatPin(*pin));
  EXPECT_THAT(folder.Read("p/tls.key"), StartsWith("-----BEGIN PRIVATE KEY-----"));
}

TEST(PartyTest, InitNeverReplacesAKey) {
  const Folder folder;
  ASSERT_EQ(folder.Commons("party init --out p").code, 0);
  const std::string key = folder.Read("p/request.key");
  EXPECT_EQ(folder.Commons("party init --out p").code, 1);
  EXPECT_EQ(folder.Read("p/request.key"), key);
}

// A party folder p with charter and roster; the roster lists p's keys and two gateways, of which
// gw-a has an address that nobody listens on and gw-b has none.
class QueryTest : public ::testing::Test {
 protected:
  QueryTest() {
    EXPECT_TRUE(crypto::InitCrypto().ok());
    const json keys = folder_.Commons("party init --out p --format json").json();
    tls_ = keys["tls"];
    request_ = keys["request"];
    const std::string ada = FirstLine(folder_.Commons("resident keygen --out ada").out);
    folder_.Commons("resident keygen --out eve");
    folder_.Write("charter.yaml", CharterOf(ada));
    Sign("charter", "ada");
    WriteRoster(request_);
  }

  void Sign(const std::string& document, const std::string& key) {
    const Outcome outcome = folder_.Commons("policy sign " + document + ".yaml --key " + key +
                                            " --out p/" + document + ".dsse");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  void WriteRoster(const std::string& request, const std::string& key = "ada") {
    const auto gateway = [](const std::string& id) {
      const proof::GatewayKeys keys = TestGateway(id).keys();
      return "  - id: " + id + "\n    zone: north\n    tls: [\"" +
             crypto::FormatPin(std::string(32, id.back())) + "\"]\n    sign: \"" +
             crypto::FormatPublicKey(keys.sign) + "\"\n    log: \"" +
             crypto::FormatPublicKey(keys.log) + "\"\n";
    };
    folder_.Write("roster.yaml",
                  "schema: commons-roster/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
                  "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\ngateways:\n" +
                  gateway("gw-a") + "    address: \"127.0.0.1:1\"\n" + gateway("gw-b") +
                  "parties:\n  - id: city-hall\n    kind: municipality\n    tls: [\"" + tls_ +
                  "\"]\n    request: [\"" + request + "\"]\n");
    std::remove((folder_ / "p/roster.dsse").c_str());
    Sign("roster", key);
  }
  Outcome Query(const std::string& more = "", const std::string& format = "json") {
    return folder_.Commons("query --party p --via gw-a --purpose official-stats --format " +
                           format + " " + more);
  }

  Folder folder_;
  std::string tls_, request_;
};

TEST_F(QueryTest, WithoutAnyAnswerTheCoverageNamesEverybodyAndTheExitCodeIs1) {
  const Outcome outcome = Query("--save s");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.json(), json::parse(R"({"cells": [], "coverage": [
      {"gateway": "gw-a", "status": "missing", "code": "UNREACHABLE"},
      {"gateway": "gw-b", "status": "missing", "code": "NO_ANSWER"}]})"));
  EXPECT_THAT(outcome.err, HasSubstr("note: gateway gw-a at 127.0.0.1:1: not reached"));
  EXPECT_THAT(outcome.err, HasSubstr("commons: no gateway answered"));
  const auto file = proof::DecodeAnswerFile(folder_.Read("s"));
  ASSERT_TRUE(file.ok());
  const auto query = policy::ReadQuery(file->query);
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->commons, "riverside");
  EXPECT_EQ(query->question.purpose, "official-stats");
}

TEST_F(QueryTest, AsCsvTheCoverageIsOnStderr) {
  const Outcome outcome = Query("", "csv");
  EXPECT_THAT(outcome.out, StartsWith("gateway,rule,metric,"));
  EXPECT_THAT(outcome.err, StartsWith("gateway,status,code,rule\r\ngw-a,missing,UNREACHABLE,\r\n"));
}

TEST_F(QueryTest, TheFilterIsInTheSignedQuestion) {
  Query("--metric load --rule load-hourly --zone north --bucket PT1H --save s "
        "--from 2013-01-14T00:00:00Z --until 2013-01-15T00:00:00Z");
  const auto file = proof::DecodeAnswerFile(folder_.Read("s"));
  ASSERT_TRUE(file.ok());
  const auto query = policy::ReadQuery(file->query);
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->question.metric, MetricId("load"));
  EXPECT_EQ(query->question.rule, RuleId("load-hourly"));
  EXPECT_EQ(query->question.zone, ZoneId("north"));
  EXPECT_EQ(query->question.bucket, Millis(3'600'000));
  EXPECT_EQ(query->question.from, Time(Millis(1'358'121'600'000)));
  EXPECT_EQ(query->question.until, Time(Millis(1'358'208'000'000)));
}

TEST_F(QueryTest, ARosterThatNoStewardSignedIsNotBelieved) {
  WriteRoster(request_, "eve");
  const Outcome outcome = Query();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("roster: 0 of 1 required signatures"));
}

TEST_F(QueryTest, APartyThatTheRosterDoesNotListIsToldSo) {
  WriteRoster(crypto::FormatPublicKey(TestGateway("gw-a").keys().sign));
  const Outcome outcome = Query();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("lists no party with tls " + tls_));
}

TEST_F(QueryTest, OnlyAGatewayOfTheRosterWithAnAddressCanBeAsked) {
  const auto via = [&](const std::string& id) {
    const Outcome outcome = folder_.Commons("catalog --party p --via " + id);
    EXPECT_EQ(outcome.code, 1);
    return outcome.err;
  };
  EXPECT_THAT(via("gw-x"), HasSubstr("no gateway of the roster, which lists: gw-a gw-b"));
  EXPECT_THAT(via("gw-b"), HasSubstr("lists no address"));
  EXPECT_THAT(via("gw-a"), HasSubstr("not reached"));
}

TEST_F(QueryTest, NothingIsAskedIfTheAnswersCouldNotBeKept) {
  folder_.Write("s", "other answers");
  const Outcome outcome = Query("--save s");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(folder_.Read("s"), "other answers");
}

TEST_F(QueryTest, WrongArgumentsAreExitCode2) {
  for (const char* more : {"--timeout PT10M", "--timeout PT0S", "--bucket hourly", "--from now",
                           "--rule 'a b'", "--nonsense"}) {
    EXPECT_EQ(Query(more).code, 2) << more;
  }
  for (const char* command : {"query --party p --via gw-a", "query --party p --purpose x",
                              "query --via gw-a --purpose x", "catalog --party p", "verify",
                              "verify s", "party", "party init", "peer"}) {
    EXPECT_EQ(folder_.Commons(command).code, 2) << command;
  }
}

// A file of answers of gw-a (two parts) and gw-b (a refusal), and their key files.
class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    EXPECT_TRUE(crypto::InitCrypto().ok());
    policy::Query query{.commons = "riverside",
                        .question = {.purpose = "official-stats", .metric = {}, .rule = {},
                                     .zone = {}, .bucket = {}, .from = {}, .until = {}},
                        .nonce = std::string(16, 'n'),
                        .issued = Time(Millis(1000)),
                        .expires = Time(Millis(2000)),
                        .answer_pk = std::string(32, 'k'),
                        .hash = ""};
    const auto payload = policy::BuildQuery(query);
    EXPECT_TRUE(payload.ok()) << payload.status();
    file_.query = policy::SignQuery(*payload, gateway::testing::TestSigner('p'));
    hash_ = policy::ReadQuery(file_.query)->hash;
    a_.Release({a_.MakeCell(0), a_.MakeCell(1, CellStatus::kSuppressed)});
    a_.Release({a_.MakeCell(2)});
    file_.answers = {a_.Sign(a_.Part(hash_, {a_.Sheet(0)}, 0, false)),
                     a_.Sign(a_.Part(hash_, {a_.Sheet(1)}, 1, true)),
                     b_.Sign(b_.Refusal(hash_, "FORBIDDEN", {"no-marketing"}))};
    for (const TestGateway* gateway : {&a_, &b_}) {
      const proof::GatewayKeys keys = gateway->keys();
      folder_.Write(keys.gateway.value() + ".pub",
                    policy::FormatGatewayKeys({.id = keys.gateway, .tls = std::string(32, 't'),
                                               .sign = keys.sign, .log = keys.log}));
    }
  }
  Outcome Verify(const std::string& keys = "gw-a.pub gw-b.pub") {
    folder_.Write("f", proof::EncodeAnswerFile(file_));
    return folder_.Commons("verify f --format json --keys " + keys);
  }
  void ExpectWrong(const std::string& why) {
    const Outcome outcome = Verify();
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(why));
  }

  Folder folder_;
  TestGateway a_{"gw-a"}, b_{"gw-b"};
  proof::AnswerFile file_;
  std::string hash_;
};

TEST_F(VerifyTest, WhatWasKeptVerifiesWithKeyFilesOnly) {
  const Outcome outcome = Verify();
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json(), json::parse(R"([
      {"gateway": "gw-a", "cells": 3, "retracted": 0, "log_size": 2, "result": "answered",
       "code": "OK"},
      {"gateway": "gw-b", "cells": 0, "retracted": 0, "result": "refused",
       "code": "FORBIDDEN"}])"));
}

TEST_F(VerifyTest, ARetractionCountsIfTheCharterSaysWhoSignedIt) {
  const std::string ada = FirstLine(folder_.Commons("resident keygen --out ada").out);
  folder_.Write("charter.yaml", CharterOf(ada));
  ASSERT_EQ(folder_.Commons("policy sign charter.yaml --key ada --out charter.dsse").code, 0);
  const auto steward = crypto::Signer::FromKeyFile(folder_.Read("ada"));
  ASSERT_TRUE(steward.ok());
  const uint64_t retraction = a_.Retract(0, 0, "wrong-readings", *steward);
  proof::AnswerSheet sheet = a_.Sheet(0);
  sheet.retractions = {a_.Logged(retraction)};
  file_.answers = {a_.Sign(a_.Part(hash_, {sheet}))};
  EXPECT_EQ(Verify("gw-a.pub").json()[0]["retracted"], 0);
  const Outcome outcome = Verify("gw-a.pub --charter charter.dsse");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()[0]["retracted"], 1);
}

TEST_F(VerifyTest, AnAlteredCellIsNamed) {
  proof::AnswerPart part = a_.Part(hash_, {a_.Sheet(1)}, 1, true);
  part.sheets[0].cells[0].nonce = std::string(32, 'x');
  file_.answers[1] = a_.Sign(part);
  ExpectWrong("f: answer 2: BAD_PROOF: gateway \"gw-a\": a cell or its nonce");
}

TEST_F(VerifyTest, AForeignSignatureIsNamed) {
  file_.answers[2] = a_.Sign(b_.Refusal(hash_, "FORBIDDEN"));
  ExpectWrong("f: answer 3: BAD_SIGNATURE: not signed by the key of gateway \"gw-b\"");
}

TEST_F(VerifyTest, AnotherQuestionsAnswerIsNamed) {
  file_.answers[0] = a_.Sign(a_.Part(std::string(32, 'o'), {a_.Sheet(0)}, 0, false));
  ExpectWrong("f: answer 1: WRONG_QUESTION: ");
}

TEST_F(VerifyTest, AMissingPartIsNamed) {
  file_.answers.erase(file_.answers.begin());
  ExpectWrong("f: CUT_OFF: gateway \"gw-a\": parts of its answer are missing");
}

TEST_F(VerifyTest, ASecondAnswerIsNamed) {
  file_.answers.push_back(a_.Sign(a_.Part(hash_)));
  ExpectWrong("f: answer 4: gateway \"gw-a\": a second answer");
}

TEST_F(VerifyTest, AGatewayWhoseKeysAreNotGivenIsNamed) {
  const Outcome outcome = Verify("gw-a.pub");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("answer 3: gateway \"gw-b\" was not asked"));
}

TEST_F(VerifyTest, AnAnswerThatWasTakenOutIsMissing) {
  file_.answers.pop_back();
  const Outcome outcome = Verify();
  EXPECT_EQ(outcome.code, 4);
  EXPECT_EQ(outcome.json()[1]["gateway"], "gw-b");
  EXPECT_EQ(outcome.json()[1]["result"], "missing");
}

TEST_F(VerifyTest, FilesThatAreNoneAreNamed) {
  folder_.Write("noise", "noise");
  EXPECT_THAT(folder_.Commons("verify noise --keys gw-a.pub").err, HasSubstr("noise: not a file"));
  EXPECT_THAT(Verify("noise").err, HasSubstr("noise: "));
  EXPECT_THAT(Verify("gw-a.pub --charter noise").err, HasSubstr("envelope"));
  file_.query = "noise";
  ExpectWrong("f: ");
}

// In the answers and in what holds them. (The question's own signature is for the gateways: they
// answered, so it was good, and their answers name the hash of what it signs.)
TEST_F(VerifyTest, EveryAlteredByteIsFound) {
  file_.answers.pop_back();
  const std::string good = proof::EncodeAnswerFile(file_);
  for (std::size_t i = good.find(file_.answers[0]) - 3; i < good.size(); i += 41) {
    std::string bad = good;
    bad[i] = static_cast<char>(static_cast<uint8_t>(bad[i]) ^ 0x10u);
    folder_.Write("f", bad);
    EXPECT_EQ(folder_.Commons("verify f --keys gw-a.pub").code, 1) << "byte " << i;
  }
}

}  // namespace
}  // namespace gateway::cli
