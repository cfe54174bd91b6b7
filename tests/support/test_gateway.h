// A made-up gateway with a log of its own: it releases cells and signs answers as a real one does,
// and can be made to lie.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/crypto/sign.h"
#include "gateway/model/cell.h"
#include "gateway/proof/answer.h"
#include "gateway/proof/merkle.h"

namespace gateway::testing {

// A signing key made from 32 times the same byte.
crypto::Signer TestSigner(char fill);

class TestGateway {
 public:
  // Its keys follow from its id, so that two of the same name are the same gateway.
  explicit TestGateway(std::string id, bool replay = false, std::string commons = "riverside");

  proof::GatewayKeys keys() const;
  const crypto::Signer& signer() const { return sign_; }

  // The hourly cell of 2013-01-14, `hour` o'clock.
  Cell MakeCell(int hour, CellStatus status = CellStatus::kReleased,
                const std::string& rule = "load-hourly") const;
  // Logs the cells as one sheet; returns its index.
  uint64_t Release(const std::vector<Cell>& cells);
  // Logs a retraction of a cell, signed by `steward`; returns its index.
  uint64_t Retract(uint64_t release, uint32_t position, const std::string& reason,
                   const crypto::Signer& steward);
  uint64_t Append(std::string entry);
  // An entry with the proof of where it is, by the newest checkpoint.
  proof::LoggedEntry Logged(uint64_t index) const;
  // All cells of a sheet.
  proof::AnswerSheet Sheet(uint64_t release) const;

  proof::AnswerPart Part(std::string query, std::vector<proof::AnswerSheet> sheets = {},
                         uint32_t part = 0, bool last = true) const;
  proof::AnswerPart Refusal(std::string query, std::string code,
                            std::vector<std::string> rules = {}) const;
  std::string Sign(const proof::AnswerPart& part) const;

 private:
  struct Released {
    uint64_t index;
    std::vector<std::string> cells;
  };
  const std::string& CellBytes(uint64_t release, uint32_t position) const;
  const std::string id_, commons_;
  const bool replay_;
  const crypto::Signer sign_, log_;
  std::vector<std::string> entries_;
  std::vector<Released> released_;
};

}  // namespace gateway::testing
