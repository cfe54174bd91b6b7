// Bench `store.range_read`: how many readings per second come out of a store that holds the London
// year, when it is asked for one household's month after the other (find, read, open, decode),
// against decoding the same blocks, already opened, alone. Every month of every household is read
// once per pair. RocksDB's cache is smaller than the store; the kernel's is not.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/store/block.h"
#include "tests/bench/store_bench.h"

namespace gateway::bench {
namespace {

constexpr const char* kBench = "store.range_read";
constexpr int kPairs = 31;

using Steady = std::chrono::steady_clock;

double SecondsSince(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

struct HouseholdMonth {
  uint32_t month = 0;
  OwnerId owner;
};

std::vector<HouseholdMonth> ListMonths(Store& store) {
  std::vector<HouseholdMonth> list;
  const auto months = store.blocks().Months();
  GW_CHECK(months.ok());
  for (const uint32_t month : *months) {
    const auto owners = store.blocks().OwnersOf(month);
    GW_CHECK(owners.ok());
    for (const OwnerId& owner : *owners) list.push_back({month, owner});
  }
  // Household by household, so that neighbouring rows do not follow each other.
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.owner < b.owner; });
  return list;
}

std::size_t ReadAll(Store& store, const std::vector<HouseholdMonth>& list) {
  std::size_t readings = 0;
  for (const auto& [month, owner] : list) {
    GW_CHECK(store.blocks()
                 .VisitOwner(month, owner,
                             [&](OwnerKind, const OwnerId&, const SeriesId&,
                                 const std::vector<Reading>& block) { readings += block.size(); })
                 .ok());
  }
  return readings;
}

std::vector<std::string> OpenedBlocks(Store& store) {
  std::vector<std::string> blocks;
  const auto open = [&](std::string_view key, std::string_view value) {
    auto plain = store.vault().OpenRow(store::Table::kBlocks, key, value);
    GW_CHECK(plain.ok());
    blocks.push_back(*std::move(plain));
    return true;
  };
  GW_CHECK(store.database().Scan(store::Table::kBlocks, "", "", open).ok());
  return blocks;
}

int Run() {
  SetLogLevel(LogLevel::kError);
  const auto london = LondonYear(kBench);
  if (!london.has_value()) return 0;
  GW_CHECK(crypto::InitCrypto().ok());
  const Folder folder;
  {
    Store store(folder.dir());
    store.Fill(*london, std::chrono::hours(24));
    store.Close();
  }
  CompactedBytes(folder.dir(), StoreTableOptions());
  Store store(folder.dir());
  const std::vector<HouseholdMonth> list = ListMonths(store);
  const std::vector<std::string> blocks = OpenedBlocks(store);
  std::vector<double> ours, alone, ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    double seconds[2] = {0, 0};
    for (int turn = 0; turn < 2; ++turn) {
      const bool ours_turn = (turn + pair) % 2 == 0;  // who goes first alternates
      const auto start = Steady::now();
      if (ours_turn) {
        GW_CHECK(ReadAll(store, list) == london->samples.size());
        seconds[0] = SecondsSince(start);
      } else {
        for (const std::string& block : blocks) GW_CHECK(store::DecodeBlock(block).ok());
        seconds[1] = SecondsSince(start);
      }
    }
    const auto readings = static_cast<double>(london->samples.size());
    ours.push_back(readings / seconds[0]);
    alone.push_back(readings / seconds[1]);
    ratios.push_back(ours.back() / alone.back());
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "{\"bench\":\"%s\",\"value\":%.0f,\"unit\":\"readings/s\",\"baseline\":%.0f,"
      "\"baseline_name\":\"decoding the same blocks alone\",\"ratio\":%.3f,"
      "\"params\":{\"readings\":%zu,\"household_months\":%zu,\"blocks\":%zu,\"us_per_month\":%.1f,"
      "\"baseline_us_per_month\":%.1f,\"pairs\":%d,\"ratio_min\":%.3f,\"ratio_max\":%.3f}}\n",
      kBench, Median(ours), Median(alone), Median(ratios), london->samples.size(), list.size(),
      blocks.size(),
      1e6 * static_cast<double>(london->samples.size()) / Median(ours) /
          static_cast<double>(list.size()),
      1e6 * static_cast<double>(london->samples.size()) / Median(alone) /
          static_cast<double>(list.size()),
      kPairs, *low, *high);
  return 0;
}

}  // namespace
}  // namespace gateway::bench

int main() { return gateway::bench::Run(); }
