#include "gateway/store/journal.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "gateway/model/limits.h"
#include "gateway/model/time.h"

namespace gateway::store {
namespace {

constexpr uint8_t kEntryVersion = 2;
static_assert(limits::kObservationsPerMessageMax <= std::numeric_limits<uint8_t>::max());

std::string RowKey(uint64_t sequence) { return ByteWriter().U64(sequence).Take(); }

StatusOr<uint64_t> SequenceOf(std::string_view key) {
  ByteReader reader(key);
  const uint64_t sequence = reader.U64();
  RETURN_IF_ERROR(reader.Finish("journal key"));
  return sequence;
}

// Most readings come soon after their time: few bytes. Modulo 2^64, so that no time overflows.
int64_t Since(Time arrival, Time time) {
  return static_cast<int64_t>(static_cast<uint64_t>(time.time_since_epoch().count()) -
                              static_cast<uint64_t>(arrival.time_since_epoch().count()));
}

Time Plus(Time arrival, int64_t since) {
  return Time(Millis(static_cast<int64_t>(
      static_cast<uint64_t>(arrival.time_since_epoch().count()) + static_cast<uint64_t>(since))));
}

void Encode(const JournalEntry& entry, ByteWriter& out) {
  out.Clear()
      .U8(kEntryVersion)
      .I64(entry.arrival.time_since_epoch().count())
      .U64(entry.message_hash)
      .U8(static_cast<uint8_t>(entry.items.size()));
  for (const JournalEntry::Item& item : entry.items) {
    out.Raw(item.series.view())
        .ZigZag(Since(entry.arrival, item.reading.time))
        .ZigZag(item.reading.value)
        .U8(item.reading.quality);
  }
}

Status Decode(std::string_view plaintext, JournalEntry& entry) {
  ByteReader reader(plaintext);
  const uint8_t version = reader.U8();
  entry.arrival = Time(Millis(reader.I64()));
  entry.message_hash = reader.U64();
  const uint8_t count = reader.U8();
  if (!reader.ok() || version != kEntryVersion || count > limits::kObservationsPerMessageMax) {
    return DataLoss("journal entry %u: version %u, %u items", entry.sequence, version, count);
  }
  entry.items.clear();
  for (uint8_t i = 0; i < count && reader.ok(); ++i) {
    JournalEntry::Item item;
    const std::string_view series = reader.Raw(SeriesId::kBytes);
    if (!reader.ok()) break;
    item.series = SeriesId::FromBytes(series);
    item.reading.time = Plus(entry.arrival, reader.ZigZag());
    item.reading.value = reader.ZigZag();
    item.reading.quality = reader.U8();
    entry.items.push_back(item);
  }
  return reader.Finish("journal entry");
}

}  // namespace

StatusOr<std::unique_ptr<Journal>> Journal::Open(Vault& vault, uint64_t at_least) {
  ASSIGN_OR_RETURN(const std::optional<std::string> key, vault.db().LastKey(Table::kJournal));
  uint64_t last = at_least;
  if (key.has_value()) {
    ASSIGN_OR_RETURN(const uint64_t sequence, SequenceOf(*key));
    last = std::max(last, sequence);
  }
  return std::unique_ptr<Journal>(new Journal(vault, last));
}

Status Journal::Append(std::span<JournalEntry> entries, Time now) {
  batch_.Clear();
  return Append(entries, now, batch_);
}

Status Journal::Append(std::span<JournalEntry> entries, Time now, Batch& with) {
  RETURN_IF_ERROR(vault_.db().space());
  uint64_t sequence = last();
  for (const JournalEntry& entry : entries) {
    if (entry.items.size() > limits::kObservationsPerMessageMax) {
      return InvalidArgument("journal entry of %u readings, limit %u", entry.items.size(),
                             limits::kObservationsPerMessageMax);
    }
    Encode(entry, plaintext_);
    key_.Clear().U64(++sequence);
    RETURN_IF_ERROR(vault_.PutSealed(with, Table::kJournal, key_.bytes(), entry.owner_kind,
                                     entry.owner, vault_.NewestEpoch(entry.owner, MonthOf(now)),
                                     plaintext_.bytes()));
  }
  RETURN_IF_ERROR(vault_.Commit(with));
  for (JournalEntry& entry : entries) entry.sequence = last_.fetch_add(1) + 1;
  return OkStatus();
}

StatusOr<uint64_t> Journal::Append(JournalEntry entry, Time now) {
  RETURN_IF_ERROR(Append({&entry, 1}, now));
  return entry.sequence;
}

Status Journal::ReadFrom(uint64_t after, std::size_t max_entries,
                         const std::function<bool(const JournalEntry&)>& visit,
                         const Lost& lost) const {
  if (after == std::numeric_limits<uint64_t>::max() || max_entries == 0) return OkStatus();
  JournalEntry entry;
  std::size_t visited = 0;
  const auto read = [&](std::string_view key, std::string_view value) -> Status {
    const uint64_t previous = entry.sequence;
    ASSIGN_OR_RETURN(entry.sequence, SequenceOf(key));
    if (visited > 0 && entry.sequence != previous + 1) {
      return DataLoss("journal entries %u to %u are missing", previous + 1, entry.sequence - 1);
    }
    const StatusOr<std::string> plaintext = vault_.OpenRow(Table::kJournal, key, value);
    ASSIGN_OR_RETURN(const RowHeader header, ParseRowHeader(value));
    entry.owner_kind = header.owner_kind;
    entry.owner = header.owner;
    entry.items.clear();
    if (plaintext.status().code() == StatusCode::kNotFound) return OkStatus();
    RETURN_IF_ERROR(plaintext.status());
    return Decode(*plaintext, entry);
  };
  Status failed;
  uint64_t expected = after + 1;
  const auto skip = [&](std::string_view key) {
    const StatusOr<uint64_t> sequence = SequenceOf(key);
    if (!lost || !sequence.ok()) return;
    if (*sequence > expected) {
      lost(expected, *sequence - 1);
      entry.sequence = *sequence - 1;
    }
    expected = *sequence + 1;
  };
  RETURN_IF_ERROR(vault_.db().Scan(
      Table::kJournal, RowKey(after + 1), {}, [&](std::string_view key, std::string_view value) {
        skip(key);
        failed = read(key, value);
        if (lost && failed.code() == StatusCode::kDataLoss && entry.sequence + 1 == expected) {
          lost(entry.sequence, entry.sequence);
          failed = OkStatus();
          return true;
        }
        if (!failed.ok()) return false;
        ++visited;
        return visit(entry) && visited < max_entries;
      }));
  return failed;
}

Status Journal::TrimThrough(uint64_t sequence) {
  Batch batch;
  batch.DeleteRange(Table::kJournal, RowKey(0), RowKey(std::min(sequence, last()) + 1));
  return vault_.Commit(batch);
}

}  // namespace gateway::store
