// The parts of a change that are about charters and signatures alone: lifecycle.h.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/time.h"
#include "gateway/policy/lifecycle.h"
#include "gateway/policy/verify.h"

namespace gateway::policy {
namespace {

bool SameFloors(const Floors& a, const Floors& b) {
  return a.k_min == b.k_min && a.age_min == b.age_min && a.top1_max_pct == b.top1_max_pct &&
         a.zone_min_household == b.zone_min_household &&
         a.zone_min_sensitive == b.zone_min_sensitive && a.keep_max == b.keep_max;
}
bool SameDelays(const Delays& a, const Delays& b) {
  return a.looser == b.looser && a.incomparable == b.incomparable &&
         a.entrenched == b.entrenched && a.charter == b.charter;
}
bool Same(const Objection& a, const Objection& b) {
  return a.quorum_pct == b.quorum_pct && a.threshold == b.threshold && a.extra == b.extra;
}
bool Same(const Assembly& a, const Assembly& b) {
  return a.quorum_pct == b.quorum_pct && a.notice == b.notice;
}
template <typename T>
bool SameOptional(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a.has_value() || Same(*a, *b));
}

}  // namespace

StatusOr<std::string> MergeSignatures(std::string_view envelope, std::string_view more,
                                      const Charter& in_force) {
  ASSIGN_OR_RETURN(crypto::Envelope merged, crypto::ParseEnvelope(envelope));
  ASSIGN_OR_RETURN(const crypto::Envelope other, crypto::ParseEnvelope(more));
  if (merged.payload_type != other.payload_type || merged.payload != other.payload) {
    return InvalidArgument("envelopes: signatures of different texts cannot be merged");
  }
  std::map<std::string, std::string> keys = in_force.keys;
  if (merged.payload_type == crypto::kCharterType) {
    ASSIGN_OR_RETURN(const Charter charter, ParseCharter(merged.payload));
    for (const auto& [label, key] : charter.keys) keys.try_emplace("new " + label, key);
  }
  std::vector<crypto::EnvelopeSignature> all = std::move(merged.signatures);
  all.insert(all.end(), other.signatures.begin(), other.signatures.end());
  merged.signatures.clear();
  const std::string signed_bytes = crypto::PreAuthEncoding(merged.payload_type, merged.payload);
  std::set<std::string> counted;
  for (const auto& [label, key] : keys) {
    if (!counted.insert(key).second) continue;
    const auto valid = std::ranges::find_if(all, [&, &key = key](const auto& signature) {
      return crypto::VerifySignature(key, signed_bytes, signature.signature);
    });
    if (valid == all.end()) continue;
    if (merged.signatures.size() == crypto::kSignaturesMax) break;
    merged.signatures.push_back({.keyid = crypto::KeyId(key), .signature = valid->signature});
  }
  return crypto::SerializeEnvelope(merged);
}

bool IsRotation(const Charter& before, const Charter& after) {
  const auto keeps = [](const Role& a, const Role& b) {
    return b.threshold >= a.threshold && b.tighten >= a.tighten;
  };
  return before.commons == after.commons && keeps(before.charter, after.charter) &&
         keeps(before.policy, after.policy) && keeps(before.roster, after.roster) &&
         keeps(before.enrolment, after.enrolment) && SameFloors(before.floors, after.floors) &&
         SameDelays(before.delays, after.delays) &&
         SameOptional(before.objection, after.objection) &&
         SameOptional(before.assembly, after.assembly) && before.entrenched == after.entrenched &&
         before.grace == after.grace;
}

std::vector<std::string> ExpiryWarnings(const Documents& documents, Time now, Millis ahead) {
  std::vector<std::string> warnings;
  const auto look = [&](std::string_view what, Time expires) {
    const Time end = expires + documents.charter.grace;
    if (now + ahead < expires) return;
    if (now < expires) {
      warnings.push_back(Format("%s: expires at %s; sign a new version before", what,
                                FormatTime(expires)));
    } else if (now < end) {
      warnings.push_back(Format("%s: expired at %s and serves until %s; nothing looser takes "
                                "effect meanwhile; sign a new version",
                                what, FormatTime(expires), FormatTime(end)));
    } else {
      warnings.push_back(Format("%s: expired at %s: no party gets an answer and no day is decided; "
                                "residents' rights go on; sign a new version",
                                what, FormatTime(expires)));
    }
  };
  look("charter", documents.charter.expires);
  look("policy", documents.policy.expires);
  look("roster", documents.roster.expires);
  return warnings;
}

Charter WithoutKeys(Charter charter, std::span<const std::string> retired) {
  for (Role* role : {&charter.charter, &charter.policy, &charter.roster, &charter.enrolment}) {
    std::erase_if(role->keys, [&](const std::string& label) {
      const auto key = charter.keys.find(label);
      return key != charter.keys.end() && std::ranges::find(retired, key->second) != retired.end();
    });
  }
  return charter;
}

}  // namespace gateway::policy
