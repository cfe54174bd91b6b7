// Bench `store.append`: how many messages of one reading per second the journal takes (encode,
// seal, commit), against RocksDB alone that is given the same rows, byte for byte, in one
// WriteBatch each, in alternated pairs. Neither is synced: the gateway's timer does that, once a
// second.
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "tests/bench/store_bench.h"

namespace gateway::bench {
namespace {

constexpr int kAppends = 100'000;
constexpr int kOwners = 200;
constexpr int kPairs = 9;
constexpr Time kStart{Millis{1'763'000'000'000}};

using Steady = std::chrono::steady_clock;
using Rows = std::vector<std::pair<std::string, std::string>>;

double RateSince(Steady::time_point start) {
  return kAppends / std::chrono::duration<double>(Steady::now() - start).count();
}

// Puts the rows that it wrote in `rows` if they are wanted.
double Ours(Rows* rows) {
  const Folder folder;
  Store store(folder.dir());
  std::vector<store::JournalEntry> entries;
  for (int i = 0; i < kOwners; ++i) {
    const std::string name = "flat-" + std::to_string(i);
    store::JournalEntry entry{.owner = store.OwnerOf(name), .message_hash = 0x0123456789abcdef};
    entry.items.push_back({store.vault().SeriesOf(name, "load"), {}});
    GW_CHECK(store.journal().Append(entry, kStart).ok());  // makes the owner's key
    entries.push_back(std::move(entry));
  }
  const auto start = Steady::now();
  for (int i = 0; i < kAppends; ++i) {
    store::JournalEntry& entry = entries[static_cast<std::size_t>(i % kOwners)];
    entry.arrival = kStart + Millis(i);
    entry.items.front().reading = {.time = kStart + Millis(i), .value = i % 1000};
    GW_CHECK(store.journal().Append(entry, kStart).ok());
  }
  const double rate = RateSince(start);
  GW_CHECK(store.journal().last() == kOwners + kAppends);
  if (rows != nullptr) {
    int skipped = 0;
    GW_CHECK(store.database()
                 .Scan(store::Table::kJournal, "", "",
                       [&](std::string_view key, std::string_view value) {
                         if (skipped++ >= kOwners) rows->emplace_back(key, value);
                         return true;
                       })
                 .ok());
    GW_CHECK(rows->size() == kAppends);
  }
  return rate;
}

double Bare(const Rows& rows) {
  const Folder folder;
  BareRocks rocks(folder.dir());
  rocksdb::WriteBatch batch;
  const auto start = Steady::now();
  for (const auto& [key, value] : rows) {
    batch.Clear();
    GW_CHECK(batch.Put(rocks.table(1), key, value).ok());
    GW_CHECK(rocks.db().Write({}, &batch).ok());
  }
  return RateSince(start);
}

int Run() {
  SetLogLevel(LogLevel::kError);
  GW_CHECK(crypto::InitCrypto().ok());
  Rows rows;
  Ours(&rows);  // also warms up
  std::vector<double> ours, bare, ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    const bool ours_first = pair % 2 == 0;  // who goes first alternates
    if (ours_first) ours.push_back(Ours(nullptr));
    bare.push_back(Bare(rows));
    if (!ours_first) ours.push_back(Ours(nullptr));
    ratios.push_back(ours.back() / bare.back());
    std::fprintf(stderr, "pair %d: %.0f against %.0f appends/s, ratio %.3f\n", pair + 1,
                 ours.back(), bare.back(), ratios.back());
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "{\"bench\":\"store.append\",\"value\":%.0f,\"unit\":\"appends/s\",\"baseline\":%.0f,"
      "\"baseline_name\":\"RocksDB WriteBatch of the same row\",\"ratio\":%.3f,"
      "\"params\":{\"appends\":%d,\"readings_per_append\":1,\"row_bytes\":%zu,\"owners\":%d,"
      "\"pairs\":%d,\"ratio_min\":%.3f,\"ratio_max\":%.3f,\"synced\":false}}\n",
      Median(ours), Median(bare), Median(ratios), kAppends,
      rows.back().first.size() + rows.back().second.size(), kOwners, kPairs, *low, *high);
  return 0;
}

}  // namespace
}  // namespace gateway::bench

int main() { return gateway::bench::Run(); }
