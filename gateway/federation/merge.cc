#include "gateway/federation/merge.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"

namespace gateway::federation {
namespace {

constexpr std::string_view kReplayed = "REPLAYED";
constexpr std::size_t kCodeBytesMax = 32;
// What one gateway may have open at once: its answer, a REPLAYED, and what a faulty one adds.
constexpr std::size_t kRunsMax = 4;

// Worst first: what the gateway itself must have signed, then what anybody can make up.
constexpr std::string_view kLies[] = {"BAD_PROOF",  "WRONG_QUESTION", "BAD_SIGNATURE",
                                      "BAD_ANSWER", "BAD_SEAL",       "TOO_LARGE"};

std::string JoinRules(const std::vector<std::string>& rules) {
  std::string text;
  for (const std::string& rule : rules) text += (text.empty() ? "" : " ") + rule;
  return text;
}

// Hearsay has no signature: what is printed of it is bounded and of one alphabet.
std::string CleanCode(std::string_view code) {
  const bool clean = !code.empty() && code.size() <= kCodeBytesMax &&
                     code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") ==
                         std::string_view::npos;
  return clean ? std::string(code) : "UNKNOWN";
}

struct Lie {
  std::size_t rank = std::size(kLies);
  std::string detail;
};

struct Hearsay {
  Coverage status = Coverage::kMissing;
  std::string code;
  // Refused tells most, then late. The rest is only there to have one order.
  auto operator<=>(const Hearsay&) const = default;
};

struct KeptPart {
  std::string hash;  // of the envelope: the same part again is no news
  std::string envelope;
  proof::VerifiedPart verified;
};

// Parts that agree in what an answer says once.
struct Run {
  std::map<uint32_t, KeptPart> parts;
  std::optional<uint32_t> last;
  std::size_t cells = 0, bytes = 0;

  bool Takes(const proof::AnswerPart& part) const {
    const proof::AnswerPart& first = parts.begin()->second.verified.part;
    return std::tie(first.code, first.rules, first.policy_version, first.replay) ==
               std::tie(part.code, part.rules, part.policy_version, part.replay) &&
           !parts.contains(part.part) && (!last || (!part.last && part.part < *last)) &&
           (!part.last || parts.rbegin()->first < part.part);
  }
  bool Holds(const std::string& hash, uint32_t index) const {
    const auto found = parts.find(index);
    return found != parts.end() && found->second.hash == hash;
  }
  bool complete() const { return last && parts.size() == std::size_t{*last} + 1; }
  const proof::AnswerPart& head() const { return parts.begin()->second.verified.part; }
};

// Bucket lengths are left to the gateway: only its policy knows how long a civil day was.
bool Fits(const Cell& cell, const policy::Question& question) {
  return (question.metric.empty() || cell.metric == question.metric) &&
         (question.rule.empty() || cell.rule == question.rule) &&
         (question.zone.empty() || cell.zone == question.zone) &&
         (!question.from || cell.window.end > *question.from) &&
         (!question.until || cell.window.start < *question.until);
}

bool Fits(const proof::VerifiedPart& part, const policy::Query& query) {
  return part.part.commons == query.commons &&
         std::ranges::all_of(part.cells, [&](const proof::VerifiedCell& verified) {
           return Fits(verified.cell, query.question);
         });
}

// What no single part shows: a cell that comes twice, a log with two roots. "" if all is well.
std::string Contradiction(const Run& run) {
  std::set<std::tuple<RuleId, ZoneId, Time>> seen;
  std::map<uint64_t, std::string> roots;
  for (const auto& [index, part] : run.parts) {
    for (const proof::VerifiedCell& verified : part.verified.cells) {
      const Cell& cell = verified.cell;
      if (!seen.emplace(cell.rule, cell.zone, cell.window.start).second) {
        return "a cell is in it twice";
      }
    }
    if (part.verified.log_size == 0) continue;
    const auto& root = roots.emplace(part.verified.log_size, part.verified.log_root).first->second;
    if (root != part.verified.log_root) return "its log has two roots of one size";
  }
  return {};
}

}  // namespace

std::string_view CoverageName(Coverage coverage) {
  switch (coverage) {
    case Coverage::kAnswered:
      return "answered";
    case Coverage::kSuppressed:
      return "suppressed";
    case Coverage::kRefused:
      return "refused";
    case Coverage::kLate:
      return "late";
    case Coverage::kMissing:
      return "missing";
  }
  return "";
}

struct Merge::Gateway {
  proof::GatewayKeys keys;
  std::vector<Run> runs;
  std::optional<Run> answer;  // the first complete one; nothing is added after it
  bool replayed = false;      // it said, or was said to have said
  bool closed = false;        // it sent more than anybody keeps
  Lie lie;
  std::optional<Hearsay> hearsay;

  // Keeps the worst that was found; its text begins with its code. Returns `found`.
  Status Blame(Status found) {
    const std::string detail(Message(found));
    const std::string code = detail.substr(0, detail.find(": "));
    const auto rank = static_cast<std::size_t>(std::ranges::find(kLies, code) - std::begin(kLies));
    if (std::pair(rank, detail) < std::pair(lie.rank, lie.detail)) lie = {rank, detail};
    return found;
  }

  std::size_t Bytes() const {
    std::size_t bytes = answer ? answer->bytes : 0;
    for (const Run& run : runs) bytes += run.bytes;
    return bytes;
  }

  CoverageRow Row(bool deadline) const;
};

CoverageRow Merge::Gateway::Row(bool deadline) const {
  CoverageRow row{.gateway = keys.gateway};
  if (answer) {
    const proof::AnswerPart& head = answer->head();
    row.code = head.code;
    row.rule = JoinRules(head.rules);
    row.cells = answer->cells;
    row.status = head.code == proof::kAnswerOk ? Coverage::kAnswered : Coverage::kRefused;
    if (row.status == Coverage::kRefused) return row;
    if (row.cells == 0) row.code = "NO_CELLS";
    bool shows = row.cells == 0;
    for (const auto& [index, part] : answer->parts) {
      row.log_size = std::max(row.log_size, part.verified.log_size);
      shows = shows || std::ranges::any_of(part.verified.cells, [](const auto& verified) {
        return verified.cell.status != CellStatus::kSuppressed;
      });
    }
    if (!shows) row.status = Coverage::kSuppressed;
  } else if (keys.sign.empty()) {
    row.code = "NO_KEYS";
  } else if (lie.rank < std::size(kLies)) {
    row.code = kLies[lie.rank];
    row.detail = lie.detail;
  } else if (!runs.empty()) {
    row.code = "CUT_OFF";
    if (hearsay) {
      row.detail = Format("heard: %s %s", CoverageName(hearsay->status), hearsay->code);
    }
  } else if (hearsay) {
    row.status = hearsay->status;
    row.code = hearsay->code;
    // It looks like a refusal that the gateway signed, and may be made up.
    if (row.status == Coverage::kRefused) {
      row.detail = "unsigned: any gateway on the way may have said so";
    }
  } else if (replayed) {
    row.status = Coverage::kRefused;
    row.code = kReplayed;
  } else {
    row.status = deadline ? Coverage::kLate : Coverage::kMissing;
    row.code = deadline ? "DEADLINE" : "NO_ANSWER";
  }
  return row;
}

Merge::Merge(Asked asked) : asked_(std::move(asked)) {
  for (const proof::GatewayKeys& keys : asked_.gateways) {
    if (Find(keys.gateway) == nullptr) gateways_.push_back({.keys = keys});
  }
}
Merge::Merge(Merge&&) noexcept = default;
Merge::~Merge() = default;

Merge::Gateway* Merge::Find(const GatewayId& id) {
  const auto found = std::ranges::find(gateways_, id, [](const Gateway& g) -> const GatewayId& {
    return g.keys.gateway;
  });
  return found == gateways_.end() ? nullptr : &*found;
}

void Merge::AddReply(const Reply& reply, const crypto::BoxKey& opener) {
  if (reply.outcome.empty()) {
    const StatusOr<std::string> envelope = opener.Open(reply.sealed);
    // Why it does not count is in the coverage if it matters.
    if (envelope.ok()) return AddAnswer(*envelope, reply.gateway).IgnoreError();
  }
  Gateway* gateway = Find(GatewayId(reply.gateway));
  if (gateway == nullptr) {
    ++strangers_;
    return;
  }
  if (reply.outcome.empty()) {
    gateway->Blame(InvalidArgument("BAD_SEAL: its seal does not open")).IgnoreError();
    return;
  }
  if (reply.code == kReplayed) {
    gateway->replayed = true;
    return;
  }
  const Coverage status = reply.outcome == "refused" ? Coverage::kRefused
                          : reply.outcome == "late"  ? Coverage::kLate
                                                     : Coverage::kMissing;
  const Hearsay said{status, CleanCode(reply.code)};
  if (!gateway->hearsay || said < *gateway->hearsay) gateway->hearsay = said;
}

Status Merge::AddAnswer(std::string_view envelope, const std::string& said_gateway) {
  const StatusOr<GatewayId> claimed = proof::ClaimedGateway(envelope);
  const GatewayId id = claimed.ok() ? *claimed : GatewayId(said_gateway);
  Gateway* gateway = Find(id);
  if (gateway == nullptr) {
    ++strangers_;
    RETURN_IF_ERROR(claimed.status());
    return NotFound("gateway \"%s\" was not asked", id.value());
  }
  // Its answer is complete: whatever else comes, true or not, changes nothing.
  if (gateway->answer) return AlreadyExists("gateway \"%s\": a second answer", id.value());
  if (gateway->closed) return ResourceExhausted("gateway \"%s\": too large", id.value());
  if (gateway->keys.sign.empty()) return NotFound("gateway \"%s\" has no keys", id.value());
  if (!claimed.ok()) return gateway->Blame(claimed.status());
  StatusOr<proof::VerifiedPart> part =
      proof::VerifyAnswer(envelope, gateway->keys, asked_.query.hash, asked_.stewards);
  if (!part.ok()) return gateway->Blame(part.status());
  if (!Fits(*part, asked_.query)) {
    return gateway->Blame(FailedPrecondition(
        "WRONG_QUESTION: gateway \"%s\": it holds what nobody asked for", id.value()));
  }
  return AddPart(*gateway, envelope, *std::move(part));
}

Status Merge::AddPart(Gateway& gateway, std::string_view envelope, proof::VerifiedPart part) {
  const std::string& id = gateway.keys.gateway.value();
  if (part.part.code == kReplayed) {
    gateway.replayed = true;
    return OkStatus();
  }
  const uint32_t index = part.part.part;
  const std::string hash = crypto::Blake2b256(envelope);
  if (std::ranges::any_of(gateway.runs, [&](const Run& run) { return run.Holds(hash, index); })) {
    return AlreadyExists("gateway \"%s\": part %d again", id, index);
  }
  auto run = std::ranges::find_if(gateway.runs, [&](const Run& r) { return r.Takes(part.part); });
  if (run == gateway.runs.end()) {
    if (gateway.runs.size() == kRunsMax) {
      return ResourceExhausted("gateway \"%s\": too many half answers", id);
    }
    run = gateway.runs.insert(run, Run());
  }
  run->cells += part.cells.size();
  run->bytes += envelope.size();
  bytes_ += envelope.size();
  if (run->cells > limits::kCellsPerAnswerMax) return Close(gateway);
  // Whoever fills the memory of all pays for it, not whoever happens to answer last.
  while (bytes_ > asked_.bytes_max) {
    Gateway& largest = *std::ranges::max_element(gateways_, {}, &Gateway::Bytes);
    const Status closed = Close(largest);
    if (&largest == &gateway) return closed;
  }
  if (part.part.last) run->last = index;
  for (proof::VerifiedCell& cell : part.cells) cell.bytes.clear();  // the envelope has them
  run->parts.emplace(index, KeptPart{hash, std::string(envelope), std::move(part)});
  if (!run->complete()) return OkStatus();
  if (const std::string why = Contradiction(*run); !why.empty()) {
    bytes_ -= run->bytes;
    gateway.runs.erase(run);
    return gateway.Blame(DataLoss("BAD_PROOF: gateway \"%s\": %s", id, why));
  }
  gateway.answer = std::move(*run);
  gateway.runs.erase(run);
  Forget(gateway);
  return OkStatus();
}

void Merge::Forget(Gateway& gateway) {
  for (const Run& run : gateway.runs) bytes_ -= run.bytes;
  gateway.runs.clear();
}

Status Merge::Close(Gateway& gateway) {
  Forget(gateway);
  if (gateway.answer) bytes_ -= gateway.answer->bytes;
  gateway.answer.reset();
  gateway.closed = true;
  return gateway.Blame(
      ResourceExhausted("TOO_LARGE: gateway \"%s\": its answer is larger than anybody keeps",
                        gateway.keys.gateway.value()));
}

bool Merge::Complete() const {
  return std::ranges::all_of(gateways_, [](const Gateway& gateway) {
    return gateway.answer.has_value() || gateway.keys.sign.empty();
  });
}

Merged Merge::Finish(bool deadline) && {
  Merged merged{.cells = {}, .coverage = {}, .envelopes = {}, .strangers = strangers_};
  for (Gateway& gateway : gateways_) {
    merged.coverage.push_back(gateway.Row(deadline));
    if (!gateway.answer) continue;
    for (auto& [index, part] : gateway.answer->parts) {
      merged.envelopes.push_back(std::move(part.envelope));
      std::ranges::move(part.verified.cells, std::back_inserter(merged.cells));
    }
  }
  return merged;
}

}  // namespace gateway::federation
