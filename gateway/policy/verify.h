// What the first documents of a gateway (documents.h) and every later one (lifecycle.h) are checked
// for in the same words: signatures, succession, dates, lint. Internal to gateway/policy. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/crypto/dsse.h"
#include "gateway/policy/documents.h"

namespace gateway::policy {

StatusOr<DocumentKind> KindOfEnvelope(const crypto::Envelope& envelope);

// "ana, bo"; "nobody" if there is none.
std::string JoinNames(const std::vector<std::string>& names);

// The public keys of a role that count: distinct ones, none of them in `retired`.
std::vector<std::string> CountingKeys(const Charter& charter, const Role& role,
                                      std::span<const std::string> retired);
// The labels of those of them that signed.
std::vector<std::string> SignersOf(const crypto::Envelope& envelope, const Charter& charter,
                                   const Role& role, std::span<const std::string> retired);
// Lint says more about such charters; here they must only never mean "nobody has to sign".
// Returns PermissionDenied if `threshold` is 0 or above the role's distinct keys,
// FailedPrecondition if retired keys leave fewer than that: the role is frozen.
Status CheckAttainable(const Charter& charter, const Role& role, uint32_t threshold,
                       std::span<const std::string> retired, std::string_view what);
// Returns the labels of the role's keys that signed.
// Returns PermissionDenied if they are fewer than its threshold, else as CheckAttainable.
StatusOr<std::vector<std::string>> CheckSigners(const crypto::Envelope& envelope,
                                                const Charter& charter, const Role& role,
                                                std::string_view what);

// A document's place in its chain. The texts outlive it.
struct Link {
  std::string_view commons;
  uint64_t version = 0;
  std::string_view prev;
  std::string_view payload;
};
template <typename Document>
Link LinkOf(const Document& document, std::string_view payload) {
  return {document.commons, document.version, document.prev, payload};
}
// Versions go forward one by one, and each names the bytes that it replaces. The same bytes again
// are no error.
// Returns FailedPrecondition if `next` is of another commons, older, further ahead, or names other
// bytes; DataLoss if it is the stored version with other bytes.
Status CheckSuccession(const Link& next, const Link& stored, std::string_view what);

Status CheckUnexpired(std::string_view what, Time expires, Time now);
// Appends to `warnings`. Returns InvalidArgument, one line for each finding, if lint refuses.
Status CheckLint(const Documents& documents, std::vector<Finding>& warnings);

VerifiedDocument Describe(DocumentKind kind, uint64_t version, std::string payload,
                          std::vector<std::string> signers);

}  // namespace gateway::policy
