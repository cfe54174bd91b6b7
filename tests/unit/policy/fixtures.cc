#include "tests/unit/policy/fixtures.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "gateway/base/check.h"
#include "gateway/crypto/secret.h"

namespace gateway::policy {
namespace {

std::string Template(const std::string& name) {
  std::ifstream in(std::string(GATEWAY_SOURCE_DIR) + "/policies/riverside/" + name + ".yaml.in");
  GW_CHECK(in.good());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

crypto::Signer SignerOf(char seed) {
  GW_CHECK(crypto::InitCrypto().ok());
  StatusOr<crypto::SecretKey> key = crypto::SecretKey::FromBytes(std::string(32, seed));
  GW_CHECK(key.ok());
  StatusOr<crypto::Signer> signer = crypto::Signer::FromSeed(*std::move(key));
  GW_CHECK(signer.ok());
  return *std::move(signer);
}

crypto::Signer Ana() { return SignerOf('\x01'); }
crypto::Signer Bo() { return SignerOf('\x02'); }
crypto::Signer Chi() { return SignerOf('\x03'); }

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) {
    ADD_FAILURE() << "the text to replace does not occur: " << from;
    return text;
  }
  return text.replace(at, from.size(), to);
}

std::string CharterText() {
  std::string text = Template("charter");
  text = Replaced(text, "@KEY_ANA@", crypto::FormatPublicKey(Ana().public_key()));
  text = Replaced(text, "@KEY_BO@", crypto::FormatPublicKey(Bo().public_key()));
  return Replaced(text, "@KEY_CHI@", crypto::FormatPublicKey(Chi().public_key()));
}

std::string PolicyText() {
  std::string text = Template("policy");
  text = Replaced(text, "@HOMES_MILL_LANE@", "40");
  text = Replaced(text, "@HOMES_HARBOUR@", "22");
  return Replaced(text, "@HOMES_ORCHARD@", "7");
}

std::string RosterText() {
  std::string text = Template("roster");
  for (const char* const who : {"GW_MILL_LANE", "GW_HARBOUR", "GW_ORCHARD", "CITY_HALL"}) {
    text = Replaced(text, Format("@KEYS_%s@", who), "");
  }
  return text;
}

namespace {

template <typename T>
T MustParse(const StatusOr<T>& parsed) {
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *parsed : T();
}

}  // namespace

Charter CharterOf(const std::string& text) { return MustParse(ParseCharter(text)); }
Policy PolicyOf(const std::string& text) { return MustParse(ParsePolicy(text)); }
Roster RosterOf(const std::string& text) { return MustParse(ParseRoster(text)); }

std::string Signed(std::string_view type, std::string_view payload,
                   const std::vector<const crypto::Signer*>& signers) {
  crypto::Envelope envelope{std::string(type), std::string(payload), {}};
  for (const crypto::Signer* signer : signers) crypto::SignEnvelope(envelope, *signer);
  return crypto::SerializeEnvelope(envelope);
}

}  // namespace gateway::policy
