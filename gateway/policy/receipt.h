// The receipt of an erasure: the gateway's signed word that a household's keys are gone.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"
#include "gateway/model/ids.h"
#include "gateway/policy/gateway_keys.h"

namespace gateway::policy {

struct Receipt {
  std::string commons;
  GatewayId gateway;
  SubjectId subject;
  Time erased_at;
  uint64_t data_keys = 0;
  uint64_t ledger_size = 0;
  std::string ledger_root;  // 32 bytes
};

// The envelope.
std::string SignReceipt(const Receipt& receipt, const crypto::Signer& signer);
// Returns InvalidArgument if it is no receipt, PermissionDenied if the gateway of `keys` did not
// sign it, or it names another.
StatusOr<Receipt> VerifyReceipt(std::string_view envelope, const GatewayKeys& keys);

}  // namespace gateway::policy
