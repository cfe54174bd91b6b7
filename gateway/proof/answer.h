// Answers: what a gateway signs for a party, and what a party must check before it believes a
// figure. Used by gateways to build them and by clients to verify them. Pure.
//
// An answer is a run of parts, each one protobuf commons.v1.Answer (query.proto) in a DSSE envelope
// of type kAnswerType, signed by the gateway's signing key.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"
#include "gateway/model/cell.h"

namespace gateway::proof {

inline constexpr std::string_view kAnswerOk = "OK";

// A gateway's public keys, as the roster lists them.
struct GatewayKeys {
  GatewayId gateway;
  std::string sign;  // Ed25519: its answers
  std::string log;   // Ed25519: the checkpoints of its ledger
};

struct LoggedEntry {
  std::string entry;
  std::string proof;  // tlog_proof.h
};

struct AnswerCell {
  uint32_t position = 0;  // in the sheet's release entry
  std::string nonce;      // 32 bytes
  std::string bytes;      // the cell, verbatim
};

struct AnswerSheet {
  LoggedEntry release;
  std::vector<AnswerCell> cells;
  std::vector<LoggedEntry> retractions;
};

struct AnswerPart {
  std::string commons;
  GatewayId gateway;
  std::string query;  // hash of the question, 32 bytes
  Time at;
  std::string code;  // "OK" or why it refuses
  std::vector<std::string> rules;
  uint64_t policy_version = 0;
  bool replay = false;
  std::vector<AnswerSheet> sheets;
  uint32_t part = 0;
  bool last = false;
};

// The signed envelope of a part. GW_CHECKs what only a bug can break: sheets without an OK, a sheet
// without cells, positions that do not ascend, a nonce or hash of another size.
std::string SignAnswer(const AnswerPart& part, const crypto::Signer& signer);

// Who an envelope claims to be from, to look up the keys that then have to prove it.
// Returns InvalidArgument ("BAD_ANSWER: …") if the bytes are no answer.
StatusOr<GatewayId> ClaimedGateway(std::string_view envelope);

struct VerifiedCell {
  Cell cell;
  std::string bytes;
  std::string retracted;  // the reason, or ""
};

struct VerifiedPart {
  AnswerPart part;  // its sheets moved into `cells`
  std::vector<VerifiedCell> cells;
  // Of the newest checkpoint in it; 0 and "" if there is none.
  uint64_t log_size = 0;
  std::string log_root;
};

// Checks one part completely: the gateway's signature over the exact bytes, that it answers the
// question with hash `query`, and for every cell its commitment, its sheet's inclusion in the log,
// the log's signature, and that cell, entry, part and log name the same commons, gateway and mode.
// A retraction counts if one of the keys `stewards` signed it, and is passed over otherwise.
// Returns InvalidArgument ("BAD_ANSWER: …") if the bytes are no answer, PermissionDenied
// ("BAD_SIGNATURE: …") if `keys` did not sign it, FailedPrecondition ("WRONG_QUESTION: …") if it
// answers another question, DataLoss ("BAD_PROOF: …") if anything inside is not what was logged.
StatusOr<VerifiedPart> VerifyAnswer(std::string_view envelope, const GatewayKeys& keys,
                                    std::string_view query,
                                    std::span<const std::string> stewards = {});

}  // namespace gateway::proof
