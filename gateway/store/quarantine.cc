#include "gateway/store/quarantine.h"

#include <algorithm>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"

namespace gateway::store {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kRetained = 1;
constexpr uint8_t kRedelivered = 2;
constexpr uint8_t kClockUnsound = 4;
// Sizes of rows are visible: they tell a payload's length only to so many bytes.
constexpr std::size_t kPadBytes = 64;

std::string RowKey(uint64_t number) { return ByteWriter().U64(number).Take(); }

StatusOr<uint64_t> NumberOf(std::string_view key) {
  ByteReader in(key);
  const uint64_t number = in.U64();
  RETURN_IF_ERROR(in.Finish("quarantine key"));
  return number;
}

std::string Encode(const QuarantinedMessage& message) {
  const int flags = (message.retained ? kRetained : 0) | (message.redelivered ? kRedelivered : 0) |
                    (message.clock_unsound ? kClockUnsound : 0);
  ByteWriter out;
  out.U8(kVersion)
      .I64(message.arrival.time_since_epoch().count())
      .U64(message.message_hash)
      .Text(message.reason)
      .U8(static_cast<uint8_t>(flags))
      .Varint(static_cast<uint64_t>(message.waited_max.count()))
      .Text(message.device.value())
      .Text(message.topic)
      .Varint(message.payload_bytes)
      .Text(message.payload)
      .Varint(message.journaled.size());
  for (const SeriesId& series : message.journaled) out.Raw(series.view());
  std::string plain = out.Take();
  plain.resize((plain.size() + kPadBytes - 1) / kPadBytes * kPadBytes, '\0');
  return plain;
}

Status Decode(std::string_view plain, QuarantinedMessage& message) {
  ByteReader in(plain);
  const uint8_t version = in.U8();
  message.arrival = Time(Millis(in.I64()));
  message.message_hash = in.U64();
  message.reason = in.Text();
  const uint8_t flags = in.U8();
  message.retained = (flags & kRetained) != 0;
  message.redelivered = (flags & kRedelivered) != 0;
  message.clock_unsound = (flags & kClockUnsound) != 0;
  message.waited_max = Millis(static_cast<int64_t>(in.Varint()));
  message.device = DeviceId(std::string(in.Text()));
  message.topic = in.Text();
  message.payload_bytes = in.Varint();
  message.payload = in.Text();
  for (uint64_t n = in.Varint(); n > 0 && in.ok(); --n) {
    const std::string_view series = in.Raw(SeriesId::kBytes);
    if (in.ok()) message.journaled.push_back(SeriesId::FromBytes(series));
  }
  const std::string_view padding = in.Raw(in.remaining());
  RETURN_IF_ERROR(in.Finish("quarantined message"));
  if (version != kVersion || flags > 7 || message.payload.size() > message.payload_bytes ||
      padding.size() >= kPadBytes || padding.find_first_not_of('\0') != std::string_view::npos) {
    return DataLoss("quarantined message %u: version %u, flags %u, %u bytes of padding",
                    message.number, version, flags, padding.size());
  }
  return OkStatus();
}

}  // namespace

StatusOr<QuarantinedMessage> Quarantine::ReadRow(const Vault& vault, std::string_view key,
                                                 std::string_view value) {
  QuarantinedMessage message;
  ASSIGN_OR_RETURN(message.number, NumberOf(key));
  ASSIGN_OR_RETURN(const std::string plain, vault.OpenRow(Table::kQuarantine, key, value));
  ASSIGN_OR_RETURN(const RowHeader head, ParseRowHeader(value));
  message.owner_kind = head.owner_kind;
  message.owner = head.owner;
  RETURN_IF_ERROR(Decode(plain, message));
  return message;
}

StatusOr<std::unique_ptr<Quarantine>> Quarantine::Open(Vault& vault) {
  std::unique_ptr<Quarantine> quarantine(new Quarantine(vault));
  RETURN_IF_ERROR(quarantine->Load());
  return quarantine;
}

Status Quarantine::Load() {
  Batch unreadable;
  std::map<uint64_t, Row> found;
  RETURN_IF_ERROR(vault_.db().Scan(
      Table::kQuarantine, {}, {}, [&](std::string_view key, std::string_view value) {
        const auto message = ReadRow(vault_, key, value);
        if (message.ok()) {
          found[message->number] = {.owner = message->owner,
                                    .arrival = message->arrival,
                                    .message_hash = message->message_hash,
                                    .bytes = value.size()};
        } else {
          unreadable.Delete(Table::kQuarantine, key);
        }
        return true;
      }));
  // A full disk keeps nobody from starting: they are tried again next time.
  if (!unreadable.empty()) [[maybe_unused]] const Status gone = vault_.Commit(unreadable);
  const MutexLock writing(writing_);
  const MutexLock lock(mutex_);
  for (const auto& [number, row] : found) Insert(number, row);
  if (!rows_.empty()) next_ = rows_.rbegin()->first + 1;
  return OkStatus();
}

void Quarantine::Insert(uint64_t number, const Row& row) {
  rows_[number] = row;
  OwnersRows& owner = owners_[row.owner];
  owner.numbers.push_back(number);
  owner.bytes += row.bytes;
  ++counts_.rows;
  counts_.bytes += row.bytes;
}

void Quarantine::Erase(uint64_t number, End end) {
  const auto row = rows_.find(number);
  if (row == rows_.end()) return;
  const auto owner = owners_.find(row->second.owner);
  std::erase(owner->second.numbers, number);
  owner->second.bytes -= row->second.bytes;
  if (owner->second.numbers.empty()) owners_.erase(owner);
  --counts_.rows;
  counts_.bytes -= row->second.bytes;
  ++counts_.ended[static_cast<std::size_t>(end)];
  rows_.erase(row);
}

std::vector<uint64_t> Quarantine::WhatGoesFor(const OwnerId& owner, std::size_t bytes) const {
  const MutexLock lock(mutex_);
  std::vector<uint64_t> going;
  if (const auto rows = owners_.find(owner); rows != owners_.end()) {
    std::size_t count = rows->second.numbers.size();
    std::size_t kept_bytes = rows->second.bytes;
    for (const uint64_t number : rows->second.numbers) {
      if (count < limits::kQuarantineRowsPerOwnerMax &&
          kept_bytes + bytes <= limits::kQuarantineBytesPerOwnerMax) {
        break;
      }
      going.push_back(number);
      kept_bytes -= rows_.at(number).bytes;
      --count;
    }
  }
  if (going.empty() && rows_.size() >= limits::kQuarantineRowsMax) {
    going.push_back(rows_.begin()->first);
  }
  return going;
}

bool Quarantine::IsKnown(const QuarantinedMessage& message) const {
  const MutexLock lock(mutex_);
  return std::any_of(rows_.begin(), rows_.end(), [&](const auto& row) {
    return row.second.message_hash == message.message_hash && row.second.owner == message.owner;
  });
}

Status Quarantine::Add(const QuarantinedMessage& message, bool numbered) {
  const MutexLock writing(writing_);
  const Status added = AddNext(message, numbered);
  if (!added.ok()) {
    const MutexLock lock(mutex_);
    ++counts_.not_kept;
  }
  return added;
}

Status Quarantine::AddNext(const QuarantinedMessage& message, bool numbered) {
  if (message.owner == OwnerId{}) return InvalidArgument("quarantined message: it has no owner");
  if ((message.redelivered || numbered) && IsKnown(message)) return OkStatus();
  RETURN_IF_ERROR(vault_.db().space());
  if (message.payload.size() > limits::kQuarantinedPayloadBytesMax ||
      message.topic.size() > limits::kTopicBytesMax ||
      message.payload.size() > message.payload_bytes) {
    return InvalidArgument("quarantined message: %u of %u bytes, limit %u", message.payload.size(),
                           message.payload_bytes, limits::kQuarantinedPayloadBytesMax);
  }
  const std::string plain = Encode(message);
  const std::size_t bytes = plain.size() + kRowOverheadBytes;
  const std::vector<uint64_t> going = WhatGoesFor(message.owner, bytes);
  Batch batch;
  for (const uint64_t number : going) PutRemoval(batch, number);
  RETURN_IF_ERROR(vault_.PutSealed(batch, Table::kQuarantine, RowKey(next_), message.owner_kind,
                                   message.owner,
                                   vault_.NewestEpoch(message.owner, MonthOf(message.arrival)), plain));
  RETURN_IF_ERROR(vault_.Commit(batch));
  const MutexLock lock(mutex_);
  for (const uint64_t number : going) Erase(number, End::kDisplaced);
  Insert(next_++, {.owner = message.owner,
                   .arrival = message.arrival,
                   .message_hash = message.message_hash,
                   .bytes = bytes});
  ++counts_.kept;
  return OkStatus();
}

std::vector<uint64_t> Quarantine::Numbers() const {
  const MutexLock lock(mutex_);
  std::vector<uint64_t> numbers;
  numbers.reserve(rows_.size());
  for (const auto& [number, row] : rows_) numbers.push_back(number);
  return numbers;
}

StatusOr<std::optional<QuarantinedMessage>> Quarantine::Read(uint64_t number) const {
  const std::string key = RowKey(number);
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   vault_.db().Get(Table::kQuarantine, key));
  if (!value.has_value()) return std::optional<QuarantinedMessage>();
  ASSIGN_OR_RETURN(QuarantinedMessage message, ReadRow(vault_, key, *value));
  return std::optional<QuarantinedMessage>(std::move(message));
}

Status Quarantine::Remove(const std::vector<uint64_t>& numbers, End end) {
  if (numbers.empty()) return OkStatus();
  const MutexLock writing(writing_);
  Batch batch;
  for (const uint64_t number : numbers) PutRemoval(batch, number);
  RETURN_IF_ERROR(vault_.Commit(batch));
  const MutexLock lock(mutex_);
  for (const uint64_t number : numbers) Erase(number, end);
  return OkStatus();
}

Status Quarantine::RemoveOutside(Time before, Time until) {
  std::vector<uint64_t> going;
  {
    const MutexLock lock(mutex_);
    for (const auto& [number, row] : rows_) {
      if (row.arrival <= before || row.arrival > until) going.push_back(number);
    }
  }
  return Remove(going, End::kExpired);
}

void Quarantine::PutRemoval(Batch& batch, uint64_t number) {
  batch.Delete(Table::kQuarantine, RowKey(number));
}

void Quarantine::Removed(uint64_t number, End end) {
  const MutexLock lock(mutex_);
  Erase(number, end);
}

void Quarantine::Forget(const OwnerId& owner) {
  const MutexLock lock(mutex_);
  const auto rows = owners_.find(owner);
  if (rows == owners_.end()) return;
  const std::deque<uint64_t> numbers = rows->second.numbers;
  for (const uint64_t number : numbers) Erase(number, End::kErased);
}

Quarantine::Counts Quarantine::counts() const {
  const MutexLock lock(mutex_);
  return counts_;
}

}  // namespace gateway::store
