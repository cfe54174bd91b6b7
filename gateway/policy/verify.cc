#include "gateway/policy/verify.h"

#include <algorithm>
#include <utility>

#include "gateway/crypto/hash.h"
#include "gateway/model/time.h"

namespace gateway::policy {

StatusOr<DocumentKind> KindOfEnvelope(const crypto::Envelope& envelope) {
  for (const DocumentKind kind :
       {DocumentKind::kCharter, DocumentKind::kPolicy, DocumentKind::kRoster}) {
    if (envelope.payload_type == PayloadTypeOf(kind)) return kind;
  }
  return InvalidArgument("envelope: its payload type is no charter, policy or roster");
}

std::string JoinNames(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += Format("%s%s", all.empty() ? "" : ", ", name);
  return all.empty() ? "nobody" : all;
}

std::vector<std::string> CountingKeys(const Charter& charter, const Role& role,
                                      std::span<const std::string> retired) {
  std::vector<std::string> keys = PublicKeysOf(charter, role);
  std::erase_if(keys, [&](const std::string& key) {
    return std::find(retired.begin(), retired.end(), key) != retired.end();
  });
  return keys;
}

std::vector<std::string> SignersOf(const crypto::Envelope& envelope, const Charter& charter,
                                   const Role& role, std::span<const std::string> retired) {
  std::vector<std::string> labels;
  for (const std::string& key :
       crypto::ValidSigners(envelope, CountingKeys(charter, role, retired))) {
    labels.push_back(LabelOf(charter, role, key));
  }
  return labels;
}

Status CheckAttainable(const Charter& charter, const Role& role, uint32_t threshold,
                       std::span<const std::string> retired, std::string_view what) {
  const std::size_t keys = PublicKeysOf(charter, role).size();
  if (threshold == 0 || threshold > keys) {
    return PermissionDenied("%s: the charter asks for %d of %d signatures, which nobody can give",
                            what, threshold, keys);
  }
  const std::size_t left = CountingKeys(charter, role, retired).size();
  if (left < threshold) {
    return FailedPrecondition("%s: frozen: %d of its %d keys are retired and %d signatures are "
                              "needed; put new keys into the charter first",
                              what, keys - left, keys, threshold);
  }
  return OkStatus();
}

StatusOr<std::vector<std::string>> CheckSigners(const crypto::Envelope& envelope,
                                                const Charter& charter, const Role& role,
                                                std::string_view what) {
  RETURN_IF_ERROR(CheckAttainable(charter, role, role.threshold, {}, what));
  std::vector<std::string> labels = SignersOf(envelope, charter, role, {});
  if (labels.size() < role.threshold) {
    return PermissionDenied("%s: %d of %d required signatures; signed by: %s; may sign: %s", what,
                            labels.size(), role.threshold, JoinNames(labels),
                            JoinNames(role.keys));
  }
  return labels;
}

Status CheckSuccession(const Link& next, const Link& stored, std::string_view what) {
  if (next.commons != stored.commons) {
    return FailedPrecondition("%s: is of commons \"%s\", this gateway's is \"%s\"", what,
                              next.commons, stored.commons);
  }
  if (next.version < stored.version) {
    return FailedPrecondition("%s: version %d is older than version %d in force", what,
                              next.version, stored.version);
  }
  if (next.version == stored.version) {
    if (next.payload == stored.payload) return OkStatus();
    return DataLoss("%s: version %d is in force with other bytes: somebody signed two", what,
                    next.version);
  }
  if (next.version - stored.version > 1) {
    return FailedPrecondition("%s: version %d does not follow version %d in force; give version %d "
                              "and all others in between, too",
                              what, next.version, stored.version, stored.version + 1);
  }
  if (next.prev != crypto::Blake2b256(stored.payload)) {
    return FailedPrecondition("%s: version %d does not follow version %d in force: prev differs",
                              what, next.version, stored.version);
  }
  return OkStatus();
}

Status CheckUnexpired(std::string_view what, Time expires, Time now) {
  if (now < expires) return OkStatus();
  return FailedPrecondition("%s: expired at %s; sign a new version", what, FormatTime(expires));
}

Status CheckLint(const Documents& documents, std::vector<Finding>& warnings) {
  std::string refusals;
  for (Finding& finding : Lint(documents.charter, documents.policy, documents.roster)) {
    if (finding.refuses) {
      refusals += Format("%s%s", refusals.empty() ? "" : "\n", FormatFinding(finding));
    } else {
      warnings.push_back(std::move(finding));
    }
  }
  if (refusals.empty()) return OkStatus();
  return MakeStatus(StatusCode::kInvalidArgument, refusals);
}

VerifiedDocument Describe(DocumentKind kind, uint64_t version, std::string payload,
                          std::vector<std::string> signers) {
  std::string hash = crypto::Blake2b256(payload);
  return {kind, version, std::move(hash), std::move(payload), std::move(signers)};
}

}  // namespace gateway::policy
