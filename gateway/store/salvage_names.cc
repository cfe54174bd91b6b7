// Salvage: what a person calls the rows that are gone.
#include <algorithm>
#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/store/high_water.h"
#include "gateway/store/salvage.h"
#include "gateway/store/salvage_view.h"

namespace gateway::store {
namespace {

std::optional<uint64_t> NumberIn(std::string_view key) {
  ByteReader in(key.substr(0, 8));
  const uint64_t number = in.U64();
  return in.ok() ? std::optional(number) : std::nullopt;
}

std::optional<uint32_t> MonthIn(std::string_view key) {
  ByteReader in(key.substr(0, 4));
  const uint32_t month = in.U32();
  return in.ok() ? std::optional(month) : std::nullopt;
}

std::string MonthName(uint32_t month) { return Format("%04d-%02d", month / 12, month % 12 + 1); }

// "journal entries 7 to 9", of rows that are numbered without a hole.
std::string NameOfEntries(const Gap& gap, std::string_view log, std::string_view first_key,
                          std::string_view last_key) {
  const std::optional<uint64_t> first = NumberIn(first_key);
  const std::optional<uint64_t> last = NumberIn(last_key);
  if (!first.has_value() || !last.has_value()) return Format("rows of table %s", NameOf(gap.table));
  const uint64_t from = *first + (gap.after_first ? 1 : 0);
  if (gap.before_last && *last == 0) return {};
  const uint64_t until = *last - (gap.before_last ? 1 : 0);
  return from <= until ? Entries(log, from, until) : std::string();
}

std::string NameOfLedgerRows(const Gap& gap) {
  const std::string_view first = gap.first;
  const std::string_view last = gap.last;
  if (last.starts_with('e')) return NameOfEntries(gap, "ledger", first.substr(1), last.substr(1));
  const std::optional<uint64_t> from = NumberIn(first.substr(1));
  if (!first.starts_with('e') || !from.has_value()) return "nodes of the ledger's tree";
  return Format("ledger entries from %u on and nodes of the ledger's tree",
                *from + (gap.after_first ? 1 : 0));
}

}  // namespace

std::string NameOfRows(const Gap& gap) {
  const std::string table = Format("rows of table %s", NameOf(gap.table));
  switch (gap.table) {
    case Table::kJournal:
      return NameOfEntries(gap, "journal", gap.first, gap.last);
    case Table::kLedger:
      return NameOfLedgerRows(gap);
    case Table::kCells:
    case Table::kReasons: {
      const std::optional<uint64_t> first = NumberIn(gap.first);
      const std::optional<uint64_t> last = NumberIn(gap.last);
      if (!first.has_value() || !last.has_value()) return table;
      return Format("%s of %s", table, Entries("ledger", *first, *last));
    }
    case Table::kBlocks:
    case Table::kRollups: {
      const std::optional<uint32_t> first = MonthIn(gap.first);
      const std::optional<uint32_t> last = MonthIn(gap.last);
      if (!first.has_value() || !last.has_value()) return table;
      const std::string what = gap.table == Table::kBlocks ? "readings" : "rollups";
      if (*first == *last) return Format("%s of %s", what, MonthName(*first));
      return Format("%s of %s to %s", what, MonthName(*first), MonthName(*last));
    }
    default:
      return table;
  }
}

}  // namespace gateway::store
