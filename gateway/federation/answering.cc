#include "gateway/federation/answering.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/crypto/box.h"
#include "gateway/model/limits.h"
#include "gateway/proof/answer.h"

namespace gateway::federation {
namespace {

using policy::QueryCode;
using policy::QueryDecision;

// Collects cells into sheets and sheets into parts, and sends a part when it is full.
class Writer {
 public:
  Writer(const Answering& answering, const policy::OpenedQuery& asked,
         const QueryDecision& decision, uint64_t policy_version,
         const std::function<bool(std::string)>& emit)
      : answering_(answering), asked_(asked), emit_(emit) {
    part_.commons = asked.query.commons;
    part_.gateway = answering.gateway;
    part_.query = asked.query.hash;
    part_.at = answering.cells.moment().now;
    part_.code = policy::QueryCodeName(decision.code);
    for (const RuleId& rule : decision.rules) part_.rules.push_back(rule.value());
    part_.policy_version = policy_version;
    part_.replay = answering.cells.replay();
  }

  Status Add(const port::DecidedCell& cell) {
    const bool too_long = sheet_bytes_ > limits::kAnswerPartBytesMax;
    if (leaf_ != cell.leaf || too_long) RETURN_IF_ERROR(EndSheet());
    // The rest of a sheet whose cells and retractions exceed a part goes into the next one.
    if (too_long) RETURN_IF_ERROR(Send());
    if (leaf_ != cell.leaf) retractions_ = answering_.cells.RetractionsOf(cell.leaf);
    leaf_ = cell.leaf;
    sheet_.cells.push_back(
        {.position = cell.position, .nonce = cell.nonce, .bytes = cell.bytes});
    sheet_bytes_ += cell.bytes.size() + cell.nonce.size() + kCellOverheadBytes;
    ++cells_;
    return AddRetractions(cell.position);
  }

  Status Finish() {
    RETURN_IF_ERROR(EndSheet());
    part_.last = true;
    return Send();
  }
  std::size_t cells() const { return cells_; }

 private:
  static constexpr std::size_t kCellOverheadBytes = 16;  // tags and lengths, generously

  Status EndSheet() {
    if (!leaf_.has_value()) return OkStatus();
    ASSIGN_OR_RETURN(port::LoggedEntry release, answering_.cells.Logged(*leaf_));
    sheet_bytes_ += release.entry.size() + release.proof.size();
    sheet_.release = {.entry = std::move(release.entry), .proof = std::move(release.proof)};
    if (!part_.sheets.empty() && part_bytes_ + sheet_bytes_ > limits::kAnswerPartBytesMax) {
      RETURN_IF_ERROR(Send());
    }
    part_bytes_ += std::exchange(sheet_bytes_, 0);
    part_.sheets.push_back(std::exchange(sheet_, {}));
    leaf_.reset();
    return OkStatus();
  }

  Status AddRetractions(uint32_t position) {
    for (const port::RetractionRef& retraction : retractions_) {
      if (retraction.position != position) continue;
      ASSIGN_OR_RETURN(port::LoggedEntry entry, answering_.cells.Logged(retraction.leaf));
      sheet_bytes_ += entry.entry.size() + entry.proof.size();
      sheet_.retractions.push_back(
          {.entry = std::move(entry.entry), .proof = std::move(entry.proof)});
    }
    return OkStatus();
  }

  Status Send() {
    ASSIGN_OR_RETURN(std::string sealed,
                     crypto::SealBox(asked_.query.answer_pk,
                                     proof::SignAnswer(part_, answering_.signer)));
    if (!emit_(std::move(sealed))) return MakeStatus(StatusCode::kCancelled, "nobody listens");
    part_.sheets.clear();
    part_bytes_ = 0;
    ++part_.part;
    return OkStatus();
  }

  const Answering& answering_;
  const policy::OpenedQuery& asked_;
  const std::function<bool(std::string)>& emit_;
  proof::AnswerPart part_;
  std::size_t part_bytes_ = 0;
  std::optional<uint64_t> leaf_;
  std::vector<port::RetractionRef> retractions_;  // of `leaf_`
  proof::AnswerSheet sheet_;
  std::size_t sheet_bytes_ = 0;
  std::size_t cells_ = 0;
};

// The share rule that decided a cell, as far as the cell tells, with the cell's age as its own.
policy::ShareRule DecidedBy(const policy::Policy& policy, const port::DecidedCell& decided,
                            Time now) {
  const Cell& cell = decided.cell;
  const Millis length = cell.window.length();
  // A civil day may have 23 or 25 hours.
  const bool day = length > std::chrono::hours(22) && length < std::chrono::hours(26);
  policy::ShareRule by{.id = cell.rule,
                       .metric = cell.metric,
                       .stats = cell.stats,
                       .whole_day = day,
                       .bucket = day ? Millis(std::chrono::hours(24)) : length,
                       .purpose = decided.purpose,
                       .to = decided.recipients,
                       .age_min = now - cell.window.end,
                       .k_min = cell.k_min,
                       .top1_max_pct = cell.top1_max_pct,
                       .redistribution = cell.redistribution};
  const policy::Zone* at = policy.FindZone(cell.zone);
  if (at != nullptr) by.zone_level = policy.zone_levels[at->level];
  return by;
}

bool MayHave(const policy::Documents& documents, const policy::OpenedQuery& asked,
             const QueryDecision& decision, const port::DecidedCell& cell, Time now) {
  const policy::Question& question = asked.query.question;
  if (std::find(decision.rules.begin(), decision.rules.end(), cell.cell.rule) ==
      decision.rules.end()) {
    return false;
  }
  const policy::ShareRule* rule = documents.policy.FindShareRule(cell.cell.rule);
  const policy::ShareRule decided = DecidedBy(documents.policy, cell, now);
  if (rule == nullptr || decided.age_min < rule->age_min ||
      (question.bucket.has_value() && decided.bucket != *question.bucket) ||
      !policy::MayStillHave(documents, decided, asked.party)) {
    return false;
  }
  // The id of a purpose means what residents agreed to only as long as it stands for the same IRI.
  const policy::Purpose* purpose = documents.policy.FindPurpose(question.purpose);
  return purpose != nullptr && cell.purpose == question.purpose &&
         cell.purpose_iri == purpose->iri && policy::IsRecipient(cell.recipients, asked.party);
}

}  // namespace

StatusOr<AnswerSummary> Answer(const Answering& answering, const policy::Documents& documents,
                               const policy::OpenedQuery& asked,
                               const std::function<bool(std::string sealed)>& emit) {
  const port::Moment moment = answering.cells.moment();
  const policy::Question& question = asked.query.question;
  AnswerSummary summary{.decision = policy::DecideQuery(documents, asked.party, question,
                                                        moment.now, moment.sound)};
  Writer writer(answering, asked, summary.decision, documents.policy.version, emit);
  if (summary.decision.code == QueryCode::kOk) {
    Status failure;
    RETURN_IF_ERROR(answering.cells.VisitCells(
        {.metric = question.metric.value(),
         .zone = question.zone.value(),
         .rule = question.rule.value(),
         .from = question.from,
         .until = question.until},
        [&](const port::DecidedCell& cell) {
          if (!MayHave(documents, asked, summary.decision, cell, moment.now)) return true;
          failure = writer.cells() < limits::kCellsPerAnswerMax
                        ? writer.Add(cell)
                        : ResourceExhausted("answer: more than %d cells",
                                            limits::kCellsPerAnswerMax);
          return failure.ok();
        }));
    RETURN_IF_ERROR(failure);
  }
  RETURN_IF_ERROR(writer.Finish());
  summary.cells = writer.cells();
  return summary;
}

}  // namespace gateway::federation
