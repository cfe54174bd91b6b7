// Pipeline as CellSource: decided cells, read by any thread from immutable rows.
#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/pipeline/cell_rows.h"
#include "gateway/pipeline/pipeline.h"
#include "gateway/proof/cell_bytes.h"
#include "gateway/proof/leaf.h"

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
  decided.nonce = row.substr(0, proof::kCellNonceBytes);
  decided.bytes = row.substr(proof::kCellNonceBytes);
  ByteReader in(key);
  decided.leaf = in.U64();
  decided.position = in.U16();
  RETURN_IF_ERROR(in.Finish("key of a cell row"));
  ASSIGN_OR_RETURN(decided.cell, proof::DecodeCell(decided.bytes));
  return decided;
}

namespace {

Status SetAudience(const Audiences& audiences, port::DecidedCell& decided) {
  const Cell& cell = decided.cell;
  const Audience* audience = FindAudience(audiences, cell.rule, cell.policy_version);
  if (audience == nullptr) {
    return DataLoss("cell row: nobody knows whom rule \"%s\" of policy version %d named",
                    cell.rule.value(), cell.policy_version);
  }
  decided.purpose = audience->purpose;
  decided.purpose_iri = audience->purpose_iri;
  decided.recipients = audience->recipients;
  return OkStatus();
}

}  // namespace

StatusOr<DecidedSheet> Pipeline::ReadSheet(uint64_t leaf) const {
  ASSIGN_OR_RETURN(const std::string entry, ledger_->Entry(leaf));
  ASSIGN_OR_RETURN(const proof::ReleaseLeaf release, proof::DecodeReleaseLeaf(entry));
  DecidedSheet sheet{
      .leaf = leaf, .metric = release.metric, .zone = release.zone, .window = {}};
  // The entry says when cells start, the rows when they end; all of one rule are of one length.
  std::map<RuleId, std::size_t> last;
  for (std::size_t i = 0; i < release.cells.size(); ++i) {
    std::size_t& latest = last.emplace(release.cells[i].rule, i).first->second;
    if (release.cells[i].start > release.cells[latest].start) latest = i;
  }
  const auto first = std::ranges::min_element(release.cells, {}, &proof::ReleaseEntry::start);
  if (first == release.cells.end()) return DataLoss("ledger entry %d: rows, but no cells", leaf);
  sheet.window = {first->start, first->start};
  for (const auto& [rule, position] : last) {
    const std::string key =
        ByteWriter().U64(leaf).U16(static_cast<uint16_t>(position)).Take();
    ASSIGN_OR_RETURN(const std::optional<std::string> row, database_->Get(Table::kCells, key));
    if (!row.has_value()) {
      return DataLoss("cell row %d of ledger entry %d: missing", position, leaf);
    }
    ASSIGN_OR_RETURN(const port::DecidedCell decided, ReadCellRow(*vault_, key, *row));
    sheet.window.end = std::max(sheet.window.end, decided.cell.window.end);
  }
  return sheet;
}

Status Pipeline::IndexSheets(uint64_t watermark) const {
  const uint64_t covered = sheets_.covered();
  if (covered >= watermark) return OkStatus();
  std::vector<DecidedSheet> sheets;
  // Not every entry is a release. Those that are have rows.
  uint64_t next = covered;
  while (next < watermark) {
    std::optional<uint64_t> leaf;
    RETURN_IF_ERROR(database_->Scan(Table::kCells, ByteWriter().U64(next).Take(),
                                    ByteWriter().U64(watermark).Take(),
                                    [&](std::string_view key, std::string_view) {
                                      leaf = ByteReader(key).U64();
                                      return false;
                                    }));
    if (!leaf.has_value()) break;
    ASSIGN_OR_RETURN(sheets.emplace_back(), ReadSheet(*leaf));
    next = *leaf + 1;
  }
  sheets_.Extend(sheets, watermark);
  return OkStatus();
}

Status Pipeline::VisitCells(const port::CellFilter& filter,
                            const std::function<bool(const port::DecidedCell&)>& visit) const {
  // Up to the watermark: what is beyond it may still be lost with the power (I3).
  const uint64_t watermark = core_->watermark();
  RETURN_IF_ERROR(IndexSheets(watermark));
  // After the watermark: whoever was named when a cell below it was decided is on this list.
  const std::shared_ptr<const Audiences> audiences = [this] {
    const MutexLock lock(mutex_);
    return audiences_;
  }();
  const std::shared_ptr<const Retractions> retracted = retractions();
  Status failure;
  bool wants_more = true;
  const auto take = [&](std::string_view key, std::string_view value) {
    StatusOr<port::DecidedCell> decided = ReadCellRow(*vault_, key, value);
    failure = decided.status();
    if (!decided.ok()) return false;
    if (!Matches(filter, decided->cell)) return true;
    failure = SetAudience(*audiences, *decided);
    if (const RetractedCell* cell = FindRetraction(*retracted, decided->leaf, decided->position);
        cell != nullptr) {
      decided->retracted = cell->reason;
    }
    wants_more = failure.ok() && visit(*decided);
    return wants_more;
  };
  for (const LeafRun& run : sheets_.Find(filter, watermark)) {
    RETURN_IF_ERROR(database_->Scan(Table::kCells, ByteWriter().U64(run.first).Take(),
                                    ByteWriter().U64(run.end).Take(), take));
    if (!failure.ok() || !wants_more) break;
  }
  return failure;
}

std::shared_ptr<const port::ActiveDocuments> Pipeline::documents() const {
  const MutexLock lock(mutex_);
  return documents_;
}

port::Moment Pipeline::moment() const {
  // The floor first: the pipeline may raise it to a time that was not yet when `now` was read.
  const Time floor = core_->clock_floor();
  const Time now = clock_.SystemNow();
  // Replay time only ever moves forward, and its floor is durable a moment before its clock is set.
  if (replay_ != nullptr) return {.now = std::max(now, floor), .sound = true};
  return {.now = now, .sound = SoundAbove(floor, now)};
}

std::string Pipeline::checkpoint() const { return ledger_->published().note; }

StatusOr<port::LoggedEntry> Pipeline::Logged(uint64_t leaf) const {
  port::LoggedEntry logged;
  ASSIGN_OR_RETURN(logged.proof, ledger_->Prove(leaf));
  ASSIGN_OR_RETURN(logged.entry, ledger_->Entry(leaf));
  return logged;
}

}  // namespace gateway::pipeline
