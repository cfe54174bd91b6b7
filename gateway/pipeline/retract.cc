// Pipeline as Commands and CellSource, the part about retractions. The cell's own row, bytes and
// commitment are never touched: a retraction is an entry of the log beside them (I3).
#include "gateway/pipeline/retractions.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/hash.h"
#include "gateway/pipeline/call.h"
#include "gateway/policy/retraction.h"
#include "gateway/proof/leaf.h"

namespace gateway::pipeline {

using store::Table;

namespace {

constexpr uint8_t kRowVersion = 1;

std::string RowKey(uint64_t release, uint32_t position) {
  return ByteWriter().U64(release).U16(static_cast<uint16_t>(position)).Take();
}

// Adds what one row of the retractions table says.
Status TakeRow(std::string_view key, std::string_view plain, uint64_t ledger_size,
               Retractions& retractions) {
  ByteReader key_in(key);
  const uint64_t release = key_in.U64();
  RetractedCell cell;
  cell.position = key_in.U16();
  RETURN_IF_ERROR(key_in.Finish("key of a retraction row"));
  ByteReader in(plain);
  if (in.U8() != kRowVersion) return DataLoss("retraction row: not of version 1");
  cell.entry = in.U64();
  cell.reason = std::string(in.Text());
  RETURN_IF_ERROR(in.Finish("retraction row"));
  if (cell.entry >= ledger_size) {
    return DataLoss("retraction row: names ledger entry %d, there are %d", cell.entry, ledger_size);
  }
  retractions[release].push_back(std::move(cell));
  return OkStatus();
}

}  // namespace

const RetractedCell* FindRetraction(const Retractions& retractions, uint64_t release,
                                    uint32_t position) {
  const auto found = retractions.find(release);
  if (found == retractions.end()) return nullptr;
  const auto cell = std::ranges::find(found->second, position, &RetractedCell::position);
  return cell == found->second.end() ? nullptr : &*cell;
}

Status Pipeline::LoadRetractions() {
  auto retractions = std::make_shared<Retractions>();
  Status failure;
  RETURN_IF_ERROR(database_->Scan(
      Table::kRetractions, "", "", [&](std::string_view key, std::string_view value) {
        const StatusOr<std::string> plain = vault_->OpenRow(Table::kRetractions, key, value);
        failure = plain.ok() ? TakeRow(key, *plain, ledger_->size(), *retractions) : plain.status();
        return failure.ok();
      }));
  RETURN_IF_ERROR(failure);
  const MutexLock lock(mutex_);
  retractions_ = std::move(retractions);
  return OkStatus();
}

std::shared_ptr<const Retractions> Pipeline::retractions() const {
  const MutexLock lock(mutex_);
  return retractions_;
}

std::vector<port::RetractionRef> Pipeline::RetractionsOf(uint64_t leaf) const {
  std::vector<port::RetractionRef> refs;
  const std::shared_ptr<const Retractions> all = retractions();
  if (const auto found = all->find(leaf); found != all->end()) {
    for (const RetractedCell& cell : found->second) refs.push_back({cell.entry, cell.position});
  }
  return refs;
}

StatusOr<std::vector<port::DecidedCell>> Pipeline::DecidedAt(const RuleId& rule,
                                                             const ZoneId& zone,
                                                             Time start) const {
  std::vector<port::DecidedCell> cells;
  const port::CellFilter filter{.metric = {},
                                .zone = zone.value(),
                                .rule = rule.value(),
                                .from = start,
                                .until = start + Millis(1)};
  RETURN_IF_ERROR(VisitCells(filter, [&](const port::DecidedCell& cell) {
    if (cell.cell.window.start == start) cells.push_back(cell);
    return true;
  }));
  return cells;
}

StatusOr<uint64_t> Pipeline::RetractCell(const std::string& envelope) {
  using Verified = StatusOr<policy::VerifiedRetraction>;
  ASSIGN_OR_RETURN(const policy::VerifiedRetraction verified, Call<Verified>([&]() -> Verified {
                     const std::shared_ptr<const Rules>& rules = core_->registry().rules();
                     if (rules == nullptr) return FailedPrecondition("no rules are active");
                     if (losses_->blocking()) {
                       return FailedPrecondition(
                           "the store has lost something; `commons store acknowledge` first");
                     }
                     return policy::VerifyRetraction(envelope, core_->registry().charter(),
                                                     gateway_);
                   }));
  const policy::Retraction& retraction = verified.retraction;
  // On the caller's thread: decided rows never change, and years of them take a while to read.
  ASSIGN_OR_RETURN(const std::vector<port::DecidedCell> cells,
                   DecidedAt(retraction.rule, retraction.zone, retraction.start));
  if (cells.empty()) return NotFound("retraction: no such cell was decided");
  const auto cell = std::ranges::find(cells, retraction.cell_hash, [](const auto& decided) {
    return crypto::Blake2b256(decided.bytes);
  });
  if (cell == cells.end()) {
    return FailedPrecondition("retraction: names a cell of another hash than the one decided");
  }
  if (cell->cell.status != CellStatus::kReleased) {
    return FailedPrecondition("the cell was not released: there is nothing to retract");
  }
  return Call<StatusOr<uint64_t>>([&]() -> StatusOr<uint64_t> {
    if (FindRetraction(*retractions(), cell->leaf, cell->position) != nullptr) {
      return AlreadyExists("the cell was retracted before");
    }
    // A disk that takes no writes any more takes no retraction either.
    RETURN_IF_ERROR(syncer_->health());
    ASSIGN_OR_RETURN(const uint64_t entry, CommitRetraction(*cell, verified.envelope,
                                                            retraction.reason));
    RETURN_IF_ERROR(core_->MakeReadable());
    // Only now: whoever reads it may ask for the entry's proof.
    auto changed = std::make_shared<Retractions>(*retractions());
    (*changed)[cell->leaf].push_back(
        {.entry = entry, .position = cell->position, .reason = retraction.reason});
    const MutexLock lock(mutex_);
    retractions_ = std::move(changed);
    return entry;
  });
}

StatusOr<uint64_t> Pipeline::CommitRetraction(const port::DecidedCell& cell,
                                              const std::string& envelope,
                                              const std::string& reason) {
  const policy::Documents& documents = core_->registry().rules()->documents;
  const proof::RetractionLeaf leaf{
      .at = std::max(clock_.SystemNow(), core_->clock_floor()),
      .gateway_id16 = proof::GatewayLeafId(documents.charter.commons, gateway_.value()),
      .policy_version = static_cast<uint32_t>(documents.policy.version),
      .release = cell.leaf,
      .position = cell.position,
      .envelope = envelope};
  ASSIGN_OR_RETURN(const std::string bytes, proof::EncodeRetractionLeaf(leaf));
  store::Batch batch;
  const StatusOr<uint64_t> entry = [&]() -> StatusOr<uint64_t> {
    ASSIGN_OR_RETURN(const uint64_t index, ledger_->Append(batch, bytes));
    RETURN_IF_ERROR(vault_->PutOwn(batch, Table::kRetractions, RowKey(cell.leaf, cell.position),
                                   ByteWriter().U8(kRowVersion).U64(index).Text(reason).Take()));
    RETURN_IF_ERROR(vault_->Commit(batch));
    return index;
  }();
  if (entry.ok()) {
    ledger_->Committed();
  } else {
    ledger_->Abandoned();
  }
  return entry;
}

}  // namespace gateway::pipeline
