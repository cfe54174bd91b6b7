// A gateway's word that it has erased a household: for the resident, who keeps it. Pure. Bytes: one
// protobuf commons.v1.ErasureReceipt (consent.proto) in a DSSE envelope of type
// crypto::kReceiptType.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"
#include "gateway/model/ids.h"

namespace gateway::policy {

struct ErasureReceipt {
  std::string commons;
  GatewayId gateway;
  SubjectId subject;  // the household, as its residents' documents call it
  Time erased_at;     // whole seconds
  uint64_t keys_destroyed = 0;
  uint64_t ledger_size = 0;
  std::string ledger_root;  // 32 bytes
  friend bool operator==(const ErasureReceipt&, const ErasureReceipt&) = default;
};

// The signed envelope.
std::string SignReceipt(const ErasureReceipt& receipt, const crypto::Signer& signer);

// Returns PermissionDenied if `gateway_key` (Ed25519) did not sign it, InvalidArgument if the bytes
// are no receipt.
StatusOr<ErasureReceipt> VerifyReceipt(std::string_view envelope, std::string_view gateway_key);

}  // namespace gateway::policy
