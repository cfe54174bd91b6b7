// Pipeline, the part about messages that the door refused for what they say: kept on the MQTT
// thread, shown, tried again and dropped on the pipeline's.
#include <algorithm>

#include "gateway/pipeline/call.h"
#include "gateway/pipeline/shape.h"

namespace gateway::pipeline {
namespace {

using End = store::Quarantine::End;

// A row that says it came later than this from now came under a wrong clock.
constexpr std::chrono::hours kAheadMax{24};

const std::string_view kStepReason = port::DoorCodeName(port::DoorCode::kStep);

Status CheckFilter(const port::QuarantineFilter& filter) {
  if (filter.reason.empty()) return OkStatus();
  const std::optional<port::DoorCode> code = port::DoorCodeOf(filter.reason);
  if (code.has_value() && port::IsQuarantined(*code)) return OkStatus();
  std::string names;
  for (uint8_t i = 0; i < static_cast<uint8_t>(port::DoorCode::kCount); ++i) {
    const auto known = static_cast<port::DoorCode>(i);
    if (!port::IsQuarantined(known)) continue;
    names += (names.empty() ? "" : ", ") + std::string(port::DoorCodeName(known));
  }
  return InvalidArgument("reason: none for which messages are quarantined; those are %s", names);
}

port::Delivery DeliveryOf(const store::QuarantinedMessage& message) {
  return {.topic = message.topic,
          .payload = message.payload,
          .retained = message.retained,
          .redelivered = message.redelivered,
          .waited_max = message.waited_max};
}

}  // namespace

void Pipeline::Quarantine(const port::Delivery& delivery, const port::PutAside& aside) {
  store::QuarantinedMessage message{
      .owner_kind = aside.admission.owner_kind,
      .owner = aside.admission.owner,
      .arrival = aside.arrival,
      .message_hash = vault_->MessageHash(delivery.topic, delivery.payload),
      .reason = std::string(port::DoorCodeName(aside.code)),
      .retained = delivery.retained,
      .redelivered = delivery.redelivered,
      .clock_unsound = !aside.clock_sound,
      .waited_max = delivery.waited_max,
      .device = aside.admission.device,
      .topic = std::string(delivery.topic),
      .payload = std::string(delivery.payload.substr(0, limits::kQuarantinedPayloadBytesMax)),
      .payload_bytes = delivery.payload.size(),
      .journaled = {}};
  for (const port::Admitted& admitted : aside.beside) {
    message.journaled.push_back(admitted.admission->series);
  }
  // No row may come after its owner was erased.
  const MutexLock intake(intake_gate_);
  // Whoever adds counts what could not be kept; the message itself is counted and acknowledged.
  [[maybe_unused]] const Status added = quarantine_->Add(message, aside.numbered);
}

Status Pipeline::ExpireQuarantine(Time now) {
  return quarantine_->RemoveOutside(now - limits::kQuarantineKept, now + kAheadMax);
}

// On the pipeline thread, so that no owner is erased meanwhile; newer ones may displace rows.
Status Pipeline::VisitQuarantine(
    const port::QuarantineFilter& filter,
    const std::function<Status(const store::QuarantinedMessage&)>& visit) {
  RETURN_IF_ERROR(CheckFilter(filter));
  for (const uint64_t number : quarantine_->Numbers()) {
    const auto message = quarantine_->Read(number);
    if (message.status().code() == StatusCode::kDataLoss) {
      // A copy of what was refused: nobody can read it any more, and it must not hide the others.
      RETURN_IF_ERROR(quarantine_->Remove({number}, End::kDropped));
      continue;
    }
    RETURN_IF_ERROR(message.status());
    const std::optional<store::QuarantinedMessage>& row = *message;
    if (!row.has_value() || (!filter.device.empty() && row->device.value() != filter.device) ||
        (!filter.reason.empty() && row->reason != filter.reason)) {
      continue;
    }
    RETURN_IF_ERROR(visit(*row));
  }
  return OkStatus();
}

StatusOr<std::vector<port::QuarantineRow>> Pipeline::ListQuarantine(
    const port::QuarantineFilter& filter) {
  return Call<StatusOr<std::vector<port::QuarantineRow>>>(
      [&]() -> StatusOr<std::vector<port::QuarantineRow>> {
        std::vector<port::QuarantineRow> rows;
        RETURN_IF_ERROR(VisitQuarantine(filter, [&](const store::QuarantinedMessage& message) {
          rows.push_back({.id = message.number,
                          .arrival = message.arrival,
                          .device = message.device.value(),
                          .reason = message.reason,
                          .bytes = message.payload_bytes,
                          .whole = message.whole(),
                          .shape = ShapeOf(message.payload, rereading_.keys)});
          return OkStatus();
        }));
        return rows;
      });
}

// Returns how many observations it yielded; 0: it stays.
StatusOr<uint64_t> Pipeline::Retry(const store::QuarantinedMessage& message,
                                   const std::shared_ptr<const port::AdmissionTable>& table) {
  if (!message.whole()) return 0;
  const port::Redecoded decoded = rereading_.decode(
      DeliveryOf(message), table,
      {.now = message.arrival,
       .clock_sound = !message.clock_unsound,
       .compare_stamps = replay_ == nullptr && !message.clock_unsound});
  if (decoded.code != port::DoorCode::kAdmitted) return 0;
  std::vector<store::JournalEntry> entries(1);
  entries[0] = {.sequence = 0,
                .owner_kind = message.owner_kind,
                .owner = message.owner,
                .arrival = message.arrival,
                .message_hash = message.message_hash,
                .items = {}};
  for (const port::Admitted& admitted : decoded.readings) {
    // The device may be another household's by now: what it sent before is none of theirs.
    if (admitted.admission->owner != message.owner) continue;
    // In the journal since it came.
    if (std::ranges::find(message.journaled, admitted.admission->series) !=
        message.journaled.end()) {
      continue;
    }
    entries[0].items.push_back({admitted.admission->series, admitted.reading});
  }
  if (entries[0].items.empty()) return 0;
  const MutexLock intake(intake_gate_);
  // A newer message may have displaced it meanwhile.
  ASSIGN_OR_RETURN(const auto still, quarantine_->Read(message.number));
  if (!still.has_value()) return 0;
  // One batch: whenever the process ends, the message is either in the quarantine or in the journal.
  store::Batch batch;
  store::Quarantine::PutRemoval(batch, message.number);
  RETURN_IF_ERROR(journal_->Append(entries, message.arrival, batch));
  counters_.Retried(entries[0].items.size());
  quarantine_->Removed(message.number, End::kRetried);
  recent_hashes_[next_hash_++ % recent_hashes_.size()] = message.message_hash;
  return entries[0].items.size();
}

StatusOr<port::RetryResult> Pipeline::RetryQuarantine(const port::QuarantineFilter& filter) {
  return Call<StatusOr<port::RetryResult>>([&]() -> StatusOr<port::RetryResult> {
    if (!rereading_.decode) return FailedPrecondition("quarantine: no profiles to try again with");
    port::RetryResult result;
    const std::shared_ptr<const port::AdmissionTable> table = admissions();
    const Status visited =
        VisitQuarantine(filter, [&](const store::QuarantinedMessage& message) -> Status {
          // What stood beside it then is not known any more: only if somebody asks for those.
          if (message.reason == kStepReason && filter.reason != kStepReason) return OkStatus();
          ASSIGN_OR_RETURN(const uint64_t observations, Retry(message, table));
          ++result.tried;
          result.observations += observations;
          if (observations > 0) ++result.admitted;
          return OkStatus();
        });
    RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
    RETURN_IF_ERROR(visited);
    RETURN_IF_ERROR(syncer_->Barrier());
    return result;
  });
}

StatusOr<uint32_t> Pipeline::DropQuarantine(const port::QuarantineFilter& filter) {
  return Call<StatusOr<uint32_t>>([&]() -> StatusOr<uint32_t> {
    std::vector<uint64_t> numbers;
    RETURN_IF_ERROR(VisitQuarantine(filter, [&](const store::QuarantinedMessage& message) {
      numbers.push_back(message.number);
      return OkStatus();
    }));
    RETURN_IF_ERROR(quarantine_->Remove(numbers, End::kDropped));
    RETURN_IF_ERROR(syncer_->Barrier());
    return static_cast<uint32_t>(numbers.size());
  });
}

}  // namespace gateway::pipeline
