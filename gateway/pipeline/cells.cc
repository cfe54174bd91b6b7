// Pipeline as CellSource: decided cells, read by any thread from immutable rows.
#include "gateway/base/bytes.h"
#include "gateway/pipeline/pipeline.h"
#include "gateway/proof/cell_bytes.h"

namespace gateway::pipeline {

using store::Table;

bool Matches(const port::CellFilter& filter, const Cell& cell) {
  return (filter.metric.empty() || filter.metric == cell.metric.value()) &&
         (filter.zone.empty() || filter.zone == cell.zone.value()) &&
         (filter.rule.empty() || filter.rule == cell.rule.value()) &&
         (!filter.from.has_value() || cell.window.end > *filter.from) &&
         (!filter.until.has_value() || cell.window.start < *filter.until);
}

StatusOr<port::DecidedCell> ReadCellRow(const store::Vault& vault, std::string_view key,
                                        std::string_view value) {
  ASSIGN_OR_RETURN(const std::string row, vault.OpenRow(Table::kCells, key, value));
  if (row.size() < proof::kCellNonceBytes) return DataLoss("cell row: shorter than its nonce");
  port::DecidedCell decided;
  decided.bytes = row.substr(proof::kCellNonceBytes);
  decided.leaf = ByteReader(key.substr(0, sizeof(uint64_t))).U64();
  ASSIGN_OR_RETURN(decided.cell, proof::DecodeCell(decided.bytes));
  return decided;
}

Status Pipeline::VisitCells(const port::CellFilter& filter,
                            const std::function<bool(const port::DecidedCell&)>& visit) const {
  Status failure;
  // Up to the watermark: what is beyond it may still be lost with the power (I3).
  const std::string until = ByteWriter().U64(core_->watermark()).Take();
  RETURN_IF_ERROR(database_->Scan(
      Table::kCells, "", until, [&](std::string_view key, std::string_view value) {
        const StatusOr<port::DecidedCell> decided = ReadCellRow(*vault_, key, value);
        failure = decided.status();
        return decided.ok() && (!Matches(filter, decided->cell) || visit(*decided));
      }));
  return failure;
}

std::shared_ptr<const port::ActiveDocuments> Pipeline::documents() const { return nullptr; }
port::Moment Pipeline::moment() const { return {}; }
std::string Pipeline::checkpoint() const { return {}; }
StatusOr<port::LoggedEntry> Pipeline::Logged(uint64_t leaf) const { return NotFound("%d", leaf); }
std::vector<port::RetractionRef> Pipeline::RetractionsOf(uint64_t /*leaf*/) const { return {}; }

}  // namespace gateway::pipeline
