// A gateway's own answer to a question: decided by its own documents, signed, and sealed to the
// asker. Knows no network.
#pragma once

#include <functional>
#include <string>

#include "gateway/base/status.h"
#include "gateway/crypto/sign.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/query.h"
#include "gateway/port/cell_source.h"

namespace gateway::federation {

// What a gateway answers with. All outlive it. Thread-safe.
struct Answering {
  GatewayId gateway;
  const port::CellSource& cells;
  const crypto::Signer& signer;
  // Told of each sound question whether it got a signed answer. Thread-safe; may be null.
  std::function<void(const PartyId& party, const std::string& purpose, bool answered)> noted = nullptr;
};

struct AnswerSummary {
  policy::QueryDecision decision;
  std::size_t cells = 0;
};

// Hands the answer to `emit` part by part, each no longer than limits::kAnswerPartBytesMax plus an
// entry and a cell, until it returns false. A refusal is a part too. A cell is only given if the rule as it
// stood when the cell was decided named the party and the purpose as well.
// Returns DataLoss if a row does not open, ResourceExhausted if there are more cells than
// limits::kCellsPerAnswerMax, Cancelled if `emit` returned false; the answer then has no last part.
StatusOr<AnswerSummary> Answer(const Answering& answering, const policy::Documents& documents,
                               const policy::OpenedQuery& asked,
                               const std::function<bool(std::string sealed)>& emit);

}  // namespace gateway::federation
