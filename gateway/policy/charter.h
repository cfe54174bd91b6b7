// The charter: who governs the commons, how many of them must agree, and the floors that no policy
// may go below. docs: policies/riverside/charter.yaml.in. Pure; the structs are plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"

namespace gateway::policy {

struct Role {
  std::vector<std::string> keys;  // labels in Charter::keys
  uint32_t threshold = 0;         // how many distinct keys must sign
  uint32_t tighten = 0;           // of the policy: as many are enough for what is only tighter
  int line = 0;
};

struct Floors {
  uint32_t k_min = 0;
  Millis age_min{0};
  uint32_t top1_max_pct = 0;
  // The finest level of zones that may be shared, by the metric's sensitivity. Empty: any.
  std::string zone_min_household, zone_min_sensitive;
  std::optional<Millis> keep_max;  // nothing is kept longer, whatever the policy says
  int line = 0;
};

// How long a change is announced before it can take effect, by what it changes (compare.h).
struct Delays {
  Millis looser{0};
  Millis incomparable{0};
  Millis entrenched{0};
  Millis charter{0};
  int line = 0;
};

// Residents who object to a change, as a share of this gateway's households.
struct Objection {
  uint32_t quorum_pct = 0;  // from this share on
  uint32_t threshold = 0;   // the change needs so many signatures
  Millis extra{0};          // and waits so much longer
  int line = 0;
};

// Residents who replace a charter whose stewards have lost their keys.
struct Assembly {
  uint32_t quorum_pct = 0;  // of this gateway's households must approve
  Millis notice{0};
  int line = 0;
};

struct Charter {
  std::string commons;
  uint64_t version = 0;  // from 1
  std::string prev;      // BLAKE2b-256 of the previous payload, 32 bytes; empty for version 1
  Time expires;
  std::map<std::string, std::string> keys;  // label → Ed25519 public key, 32 bytes
  Role charter, policy, roster;
  Role enrolment;  // signs household confirmations
  Floors floors;
  Delays delays;
  std::optional<Objection> objection;
  std::optional<Assembly> assembly;
  std::vector<std::string> entrenched;  // ids of rules, beside the policy's own `entrenched: true`
  Millis grace{0};  // so long after a document expires it still serves, but nothing gets looser
};

// Returns InvalidArgument with line and column if the text is no charter. Whether the charter
// makes sense (thresholds, duplicate keys, unknown labels) is for lint.h.
StatusOr<Charter> ParseCharter(std::string_view yaml);

// The distinct public keys of a role, in the charter's order. Labels without a key are left out.
std::vector<std::string> PublicKeysOf(const Charter& charter, const Role& role);
// The label of a public key among a role's keys; "" if there is none.
std::string LabelOf(const Charter& charter, const Role& role, std::string_view public_key);

}  // namespace gateway::policy
