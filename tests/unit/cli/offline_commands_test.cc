// What works without a daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/crypto/dsse.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/crypto/slot_secret.h"
#include "gateway/crypto/secret.h"
#include "gateway/policy/grant.h"
#include "gateway/policy/retirement.h"
#include "tests/unit/cli/program.h"

namespace gateway::cli {
namespace {

using gateway::testing::Folder;
using gateway::testing::Outcome;
using ::testing::HasSubstr;

constexpr char kInit[] =
    "init --gateway gw-a --broker tcp://127.0.0.1:1883 --key-file slot.key ";
constexpr char kInvite[] =
    "commons-invite-v1 riverside gw-a 00112233445566778899aabbccddeeff "
    "ffeeddccbbaa99887766554433221100\n";
constexpr char kGrant[] =
    "resident grant --invite i --key k --metric load --purpose https://example.org/stats "
    "--recipient city-hall --not-before 2012-01-01T00:00:00Z --not-after 2100-01-01T00:00:00Z ";

std::string CharterOf(const std::string& public_key) {
  return "schema: commons-charter/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
         "expires: 2100-01-01T00:00:00Z\nkeys:\n  ada: \"" + public_key +
         "\"\nroles:\n  charter: {keys: [ada], threshold: 1}\n"
         "  policy: {keys: [ada], threshold: 1}\n  roster: {keys: [ada], threshold: 1}\n"
         "  enrolment: {keys: [ada], threshold: 1}\n"
         "floors: {k_min: 10, age_min: P1D, top1_max_pct: 30}\n"
         "delays: {looser: P14D, incomparable: P14D, entrenched: P42D, charter: P28D}\n";
}

TEST(CommandLineTest, WrongUsageIsExitCode2) {
  const Folder folder;
  for (const char* arguments : {"", "household", "nonsense", "status --nonsense",
                                "status --format xml", "clock advance yesterday",
                                "grant withdraw flat-1 --grant xyz", "cell explain --rule r"}) {
    const Outcome outcome = folder.Commons(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_NE(outcome.err, "") << arguments;
  }
}

TEST(CommandLineTest, EveryCommandHasHelpWithAnExample) {
  const Folder folder;
  for (const char* command :
       {"", "init", "household", "household add", "household confirm", "household list", "household export", "resident age-identity", "device",
        "device add", "device list", "resident", "resident keygen", "resident accept",
        "resident grant", "grant", "grant import", "grant withdraw", "grant list", "policy",
         "policy check", "policy compare", "policy sign", "policy activate", "policy show",
         "policy test", "policy explain", "policy fmt", "policy prose", "policy propose",
         "policy retire", "policy object", "policy approve", "policy status", "policy simulate",
         "cell", "cell list",
        "cell explain", "clock", "clock advance", "status", "party", "party init", "query",
        "catalog", "verify", "peer", "peer list", "profile", "profile list", "profile test"}) {
    const Outcome outcome = folder.Commons(std::string(command) + " --help");
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_THAT(outcome.out, HasSubstr("Example")) << command;
    EXPECT_THAT(outcome.out, HasSubstr(std::string("commons ") + command)) << command;
    EXPECT_THAT(outcome.out, HasSubstr("Exit codes: 0 done")) << command;
  }
}

TEST(CommandLineTest, AMissingDaemonIsExitCode3) {
  const Folder folder;
  for (const char* command : {"status", "cell list", "household list", "grant withdraw flat-1", "peer list"}) {
    const Outcome outcome = folder.Commons(command);
    EXPECT_EQ(outcome.code, 3) << command;
    EXPECT_THAT(outcome.err, HasSubstr("no daemon answers")) << command;
  }
}

TEST(InitTest, MakesAPrivateDirectoryWhoseKeyFileOpensIt) {
  const Folder folder;
  const Outcome outcome = folder.Commons("--dir a " + std::string(kInit));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(folder.ModeOf("a"), 0700u);
  EXPECT_EQ(folder.ModeOf("a/keyslots"), 0600u);
  EXPECT_EQ(folder.ModeOf("slot.key"), 0600u);
  EXPECT_EQ(folder.Read("a/mode"), "live\n");
  EXPECT_THAT(folder.Read("a/commonsd.yaml"),
              HasSubstr("key_file: \"" + folder.path() + "/slot.key\"\n"));
  ASSERT_TRUE(crypto::InitCrypto().ok());
  const auto slots = crypto::ParseKeyslots(folder.Read("a/keyslots"));
  ASSERT_TRUE(slots.ok());
  const auto secret = crypto::SecretOfKeyFile(folder.Read("slot.key"));
  ASSERT_TRUE(secret.ok());
  EXPECT_TRUE(crypto::OpenMasters(*slots, *secret).ok());
}

TEST(InitTest, MarksAReplayDirectoryForEver) {
  const Folder folder;
  ASSERT_EQ(folder.Commons("--dir a " + std::string(kInit) + "--replay 2013-01-13T01:00:00+01:00")
                .code, 0);
  EXPECT_EQ(folder.Read("a/mode"), "replay 2013-01-13T00:00:00Z\n");
}

TEST(InitTest, RefusesADirectoryThatHoldsAGateway) {
  const Folder folder;
  ASSERT_EQ(folder.Commons("--dir a " + std::string(kInit)).code, 0);
  const std::string keyslots = folder.Read("a/keyslots");
  EXPECT_EQ(folder.Commons("--dir a " + std::string(kInit)).code, 1);
  EXPECT_EQ(folder.Read("a/keyslots"), keyslots);
}

TEST(InitTest, UsesAKeyFileThatIsThereAndRefusesAnythingElseInItsPlace) {
  const Folder folder;
  ASSERT_EQ(folder.Commons("--dir a " + std::string(kInit)).code, 0);
  const std::string key = folder.Read("slot.key");
  ASSERT_EQ(folder.Commons("--dir b " + std::string(kInit)).code, 0);
  EXPECT_EQ(folder.Read("slot.key"), key);
  folder.Write("slot.key", "shopping list\n");
  EXPECT_EQ(folder.Commons("--dir c " + std::string(kInit)).code, 1);
  EXPECT_EQ(folder.Read("slot.key"), "shopping list\n");
}

TEST(ResidentTest, KeygenPrintsThePublicKeyAndNeverReplacesAKey) {
  ASSERT_TRUE(crypto::InitCrypto().ok());
  const Folder folder;
  const Outcome made = folder.Commons("resident keygen --out k");
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.out.size(), std::string("ed25519:\n").size() + 64);
  EXPECT_EQ(folder.ModeOf("k"), 0600u);
  EXPECT_EQ(folder.Commons("resident keygen --out k").code, 1);
  const auto signer = crypto::Signer::FromKeyFile(folder.Read("k"));
  ASSERT_TRUE(signer.ok());
  EXPECT_EQ(crypto::FormatPublicKey(signer->public_key()) + "\n", made.out);
}

TEST(ResidentTest, AcceptanceAnswersTheInvite) {
  const Folder folder;
  folder.Write("i", kInvite);
  folder.Commons("resident keygen --out k");
  const Outcome outcome =
      folder.Commons("resident accept --invite i --key k --out a --at 2012-01-01T00:00:00Z");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto invite = policy::ParseInvite(kInvite);
  ASSERT_TRUE(invite.ok());
  EXPECT_TRUE(policy::VerifyAcceptance(folder.Read("a"), *invite).ok());
}

TEST(ResidentTest, GrantsFormAChain) {
  const Folder folder;
  folder.Write("i", kInvite);
  folder.Commons("resident keygen --out k");
  const Outcome outcome = folder.Commons(kGrant + std::string("--bucket-min PT1H --out g1"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  ASSERT_EQ(folder.Commons(kGrant + std::string("--previous g1 --out g2")).code, 0);
  const auto first = policy::VerifyGrant(folder.Read("g1"), "riverside");
  const auto second = policy::VerifyGrant(folder.Read("g2"), "riverside");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->seq, 1u);
  EXPECT_EQ(first->bucket_min, Millis(3'600'000));
  EXPECT_EQ(second->seq, 2u);
  EXPECT_EQ(second->prev, first->id);
}

TEST(ResidentTest, AChainOfGrantsHasOneKey) {
  const Folder folder;
  folder.Write("i", kInvite);
  folder.Commons("resident keygen --out k");
  ASSERT_EQ(folder.Commons(kGrant + std::string("--out g1")).code, 0);
  ASSERT_EQ(folder.Commons("resident keygen --out k2 && mv k2 k").code, 0);
  EXPECT_EQ(folder.Commons(kGrant + std::string("--previous g1 --out g2")).code, 1);
}

TEST(PolicyTest, CheckReportsLineAndColumn) {
  const Folder folder;
  folder.Write("charter.yaml", "schema: commons-charter/1\nversion: one\n");
  const Outcome outcome = folder.Commons("policy check charter.yaml");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("charter.yaml: line "));
  EXPECT_THAT(outcome.err, HasSubstr("column "));
}

TEST(PolicyTest, SignAddsSignaturesToTheSameText) {
  const Folder folder;
  std::string ada = folder.Commons("resident keygen --out ada").out;
  ada.pop_back();
  folder.Commons("resident keygen --out ben");
  folder.Write("c.yaml", CharterOf(ada));
  const Outcome first = folder.Commons("policy sign c.yaml --key ada --out c.dsse");
  ASSERT_EQ(first.code, 0) << first.err;
  ASSERT_EQ(folder.Commons("policy sign c.yaml --key ben ada --out c.dsse").code, 0);
  const auto envelope = crypto::ParseEnvelope(folder.Read("c.dsse"));
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->payload_type, crypto::kCharterType);
  EXPECT_EQ(envelope->payload, CharterOf(ada));
  EXPECT_EQ(envelope->signatures.size(), 2u);
  const Outcome checked = folder.Commons("policy check c.dsse --format json");
  ASSERT_EQ(checked.code, 0) << checked.err;
  EXPECT_EQ(checked.json()[0]["signatures"], 2);
}

TEST(PolicyTest, SignKeepsSignaturesOfAnotherTextApart) {
  const Folder folder;
  std::string ada = folder.Commons("resident keygen --out ada").out;
  ada.pop_back();
  folder.Write("c.yaml", CharterOf(ada));
  ASSERT_EQ(folder.Commons("policy sign c.yaml --key ada").code, 0);
  folder.Write("c.yaml", CharterOf(ada) + "# a note\n");
  const Outcome outcome = folder.Commons("policy sign c.yaml --key ada");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("another text"));
}

TEST(PolicyTest, RetireMakesWhatOnlyItsOwnKeyCanSign) {
  const Folder folder;
  std::string ada = folder.Commons("resident keygen --out ada").out;
  ada.pop_back();
  const Outcome outcome =
      folder.Commons("policy retire --key ada --commons riverside --out ada.dsse "
                     "--at 2013-01-13T00:00:00Z --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["key"], ada);
  const auto retirement = policy::VerifyRetirement(folder.Read("ada.dsse"), "riverside");
  ASSERT_TRUE(retirement.ok()) << retirement.status();
  EXPECT_EQ(crypto::FormatPublicKey(retirement->key), ada);
  EXPECT_EQ(folder.Commons("policy retire --key ada --commons No --out b.dsse").code, 2);
}

TEST(ResidentTest, AgeIdentityIsPrintedWithAWarningOrWrittenPrivately) {
  const Folder folder;
  ASSERT_EQ(folder.Commons("resident keygen --out k").code, 0);
  const Outcome printed = folder.Commons("resident age-identity --key k");
  EXPECT_EQ(printed.code, 0) << printed.err;
  EXPECT_TRUE(printed.out.starts_with("AGE-SECRET-KEY-1"));
  EXPECT_THAT(printed.err, HasSubstr("This is a secret"));
  const Outcome written = folder.Commons("resident age-identity --key k --out k.age");
  EXPECT_TRUE(written.out.starts_with("age1")) << written.out;
  EXPECT_EQ(written.err, "");
  EXPECT_EQ(folder.ModeOf("k.age"), 0600u);
  EXPECT_EQ(folder.Commons("resident age-identity --key k --out k.age").code, 1);
}

}  // namespace
}  // namespace gateway::cli
