#include "tests/unit/policy/lifecycle_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/time.h"

namespace gateway::policy {
namespace {

std::string RoleText(const RoleSpec& role) {
  std::string labels;
  for (const int key : role.keys) labels += Format("%sk%d", labels.empty() ? "" : ", ", key);
  return Format("{keys: [%s], threshold: %d", labels, role.threshold);
}

}  // namespace

Time At(std::string_view text) {
  const StatusOr<Time> time = ParseTime(text);
  EXPECT_TRUE(time.ok()) << text;
  return *time;
}

const crypto::Signer& Steward(int number) {
  static const auto* const kStewards = [] {
    auto* stewards = new std::vector<crypto::Signer>();
    for (char seed = 0x40; seed < 0x4a; ++seed) stewards->push_back(SignerOf(seed));
    return stewards;
  }();
  return kStewards->at(static_cast<std::size_t>(number));
}

std::string CharterYaml(const CharterSpec& spec) {
  std::string keys;
  for (int i = 0; i < 10; ++i) {
    keys += Format("  k%d: \"%s\"\n", i, crypto::FormatPublicKey(Steward(i).public_key()));
  }
  const std::string prev =
      spec.previous.empty() ? "" : HexEncode(crypto::Blake2b256(spec.previous));
  return Format("schema: commons-charter/1\ncommons: riverside\nversion: %d\nprev: \"%s\"\n"
                "expires: %s\nkeys:\n%sroles:\n  charter: %s}\n  policy: %s, tighten: %d}\n"
                "  roster: %s}\n  enrolment: {keys: [k0, k1], threshold: 1}\n"
                "floors: {k_min: 5, age_min: PT1H, top1_max_pct: 40}\ndelays: %s\n%s",
                spec.version, prev, spec.expires, keys, RoleText(spec.charter),
                RoleText(spec.policy), spec.tighten, RoleText(spec.roster), spec.delays, spec.rest);
}

std::string NextOf(const std::string& text, std::string_view from, std::string_view to) {
  std::string next = text;
  const std::size_t version = text.find("version: ") + 9;
  const std::size_t end = text.find('\n', version);
  const uint64_t number = std::stoull(text.substr(version, end - version));
  next.replace(version, end - version, std::to_string(number + 1));
  const std::size_t prev = next.find("prev: \"") + 7;
  next.replace(prev, next.find('"', prev) - prev, HexEncode(crypto::Blake2b256(text)));
  return from.empty() ? next : Replaced(next, from, to);
}

std::string WithK(std::string policy, int k_min) {
  constexpr std::string_view kBefore = "age_min: P1D, k_min: ";
  std::size_t at = 0;
  while ((at = policy.find(kBefore, at)) != std::string::npos) {
    at += kBefore.size();
    policy.replace(at, policy.find(',', at) - at, std::to_string(k_min));
  }
  return policy;
}

std::string Envelope(DocumentKind kind, const std::string& text, const Numbers& signers) {
  std::vector<const crypto::Signer*> keys;
  for (const int number : signers) keys.push_back(&Steward(number));
  return Signed(PayloadTypeOf(kind), text, keys);
}

World::World(const CharterSpec& charter)
    : spec(charter), stored{CharterYaml(charter), PolicyText(), RosterText()} {
  const auto documents = ParseStored(stored);
  EXPECT_TRUE(documents.ok()) << documents.status();
}

void World::Take(const Activation& activation) {
  for (const VerifiedDocument& accepted : activation.accepted) {
    (accepted.kind == DocumentKind::kCharter  ? stored.charter
     : accepted.kind == DocumentKind::kPolicy ? stored.policy
                                              : stored.roster) = accepted.payload;
  }
}

void ExpectRefused(const Status& status, StatusCode code, std::string_view text) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(Message(status)), testing::HasSubstr(std::string(text)));
}

}  // namespace gateway::policy
