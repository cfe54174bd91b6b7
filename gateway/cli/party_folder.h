// A party's folder: the keys that `commons party init` made, and the charter and roster that the
// co-op handed over.
#pragma once

#include <string>

#include "gateway/base/status.h"
#include "gateway/cli/command.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"
#include "gateway/policy/documents.h"

namespace gateway::cli {

struct PartyArgs {
  std::string folder, charter, roster, via, timeout = "PT30S";
};
// --party, --charter, --roster, --via and --timeout.
void AddPartyOptions(CLI::App& verb, PartyArgs& args);

struct Party {
  crypto::Signer request;
  crypto::TlsIdentity tls;
  policy::Membership members;
  policy::RosterGateway via;  // whom to ask: has keys and an address
  Millis timeout;
};

// Makes the folder and its keys. Prepares the cryptography first.
// Returns AlreadyExists if there is a key in it.
Status MakePartyKeys(const std::string& folder, crypto::TlsIdentity& tls, std::string& request_key);

// Reads everything and believes nothing unsigned. Prepares the cryptography first.
// Returns FailedPrecondition if the roster does not list the folder's keys as a party's.
StatusOr<Party> OpenParty(const PartyArgs& args, Time now);

}  // namespace gateway::cli
