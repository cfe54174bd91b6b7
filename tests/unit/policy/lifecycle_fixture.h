// A commons of eight possible stewards, numbered, whose charter says what a test needs; policy and
// roster are Riverside's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/policy/lifecycle.h"
#include "tests/unit/policy/fixtures.h"

namespace gateway::policy {

using Numbers = std::vector<int>;

struct RoleSpec {
  Numbers keys = {0, 1, 2};
  uint32_t threshold = 2;
};

struct CharterSpec {
  uint64_t version = 1;
  std::string previous;  // the text it replaces
  RoleSpec charter, policy, roster;
  uint32_t tighten = 1;
  std::string expires = "2100-01-01T00:00:00Z";
  std::string delays = "{looser: P14D, incomparable: P21D, entrenched: P42D, charter: P28D}";
  std::string rest = "entrenched: [f-coercive]\ngrace: P7D\n";
};

Time At(std::string_view text);

// Steward `number`, labelled "k" and that number.
const crypto::Signer& Steward(int number);
std::string CharterYaml(const CharterSpec& spec);
// The next version of `text`, in the chain after `text` itself, with `from` replaced by `to`.
std::string NextOf(const std::string& text, std::string_view from = "", std::string_view to = "");
// The policy whose share rules of households have this k_min.
std::string WithK(std::string policy, int k_min);
// Signed by those stewards.
std::string Envelope(DocumentKind kind, const std::string& text, const Numbers& signers);

// A gateway with the charter of `spec` in force, and what it is asked to take.
struct World {
  explicit World(const CharterSpec& spec = {});

  // Puts a document in force as if it had taken effect.
  void Take(const Activation& activation);
  Proposal Seen(const std::string& envelope) const { return {envelope, now}; }
  StatusOr<Standing> Judged(const std::string& envelope) const {
    return Judge(Seen(envelope), stored, voices, now);
  }
  // What happens to it at `at`, seen now.
  StatusOr<Activation> Tried(const std::string& envelope, Time at) const {
    const Proposal proposal = Seen(envelope);
    return Enact(std::span(&proposal, 1), stored, voices, at);
  }

  CharterSpec spec;
  StoredDocuments stored;
  Voices voices;
  Time now = At("2013-01-13T00:00:00Z");
};

// The code and a part of the text.
void ExpectRefused(const Status& status, StatusCode code, std::string_view text);

}  // namespace gateway::policy
