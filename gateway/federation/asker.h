// The asker's side: a party puts its question to one gateway, which passes it on, and merges what
// comes back. Also what a gateway offers. Calls block; any thread.
#pragma once

#include <chrono>
#include <string>

#include "commons/v1/federation.pb.h"
#include "gateway/base/status.h"
#include "gateway/crypto/box.h"
#include "gateway/crypto/x509.h"
#include "gateway/federation/merge.h"
#include "gateway/policy/roster.h"

namespace gateway::federation {

// Whom of the roster's gateways, and what makes a retraction count.
Asked AskedOf(policy::Query query, const policy::Roster& roster, std::vector<std::string> stewards);

struct AskOutcome {
  Merged merged;
  Status link;  // how the conversation with `via` ended; whatever came before it counts
};

// Asks `via`, which must have an address and keys, until it has said all, every gateway has
// answered, or `timeout` (at most limits::kQueryTimeMax) is over. `opener` is the key that the
// question names.
AskOutcome Ask(const policy::RosterGateway& via, const crypto::TlsIdentity& own,
               const std::string& envelope, Asked asked, const crypto::BoxKey& opener,
               std::chrono::milliseconds timeout);

// Returns Unavailable if `via` is not reached, or does not know us, which looks the same to us.
StatusOr<commons::v1::CatalogReply> FetchCatalog(const policy::RosterGateway& via,
                                                 const crypto::TlsIdentity& own,
                                                 std::chrono::milliseconds timeout);

}  // namespace gateway::federation
