// Benches `store.bytes_per_reading` and `store.bytes_per_reading_air`: bytes of every file of a
// store per reading in it, after it was closed and compacted: block rows with their keys and seals,
// data keys, RocksDB's own files. The readings come in order of time, with a checkpoint per
// `checkpoint_s` of it. Beside it the same readings in RocksDB with zstd: one row each, not
// encrypted, compacted. A run counts only if every reading is read back.
#include <rocksdb/db.h>

#include <cstdio>
#include <limits>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "tests/bench/store_bench.h"

namespace gateway::bench {
namespace {

// Of the readings of `dir`, their number and the wrapped sum of their values.
std::pair<std::size_t, uint64_t> ReadBack(const std::string& dir) {
  Store store(dir);
  std::pair<std::size_t, uint64_t> found{0, 0};
  const auto months = store.blocks().Months();
  GW_CHECK(months.ok());
  for (const uint32_t month : *months) {
    GW_CHECK(store.blocks()
                 .VisitMonth(month,
                             [&](OwnerKind, const OwnerId&, const SeriesId&,
                                 const std::vector<Reading>& readings) {
                               found.first += readings.size();
                               for (const Reading& reading : readings) {
                                 found.second += static_cast<uint64_t>(reading.value);
                               }
                             })
                 .ok());
  }
  return found;
}

struct Blocks {
  std::size_t rows = 0;
  std::size_t bytes = 0;  // of keys and values
};

Blocks CountBlocks(const std::string& dir) {
  Store store(dir);
  Blocks blocks;
  const auto count = [&](std::string_view key, std::string_view value) {
    ++blocks.rows;
    blocks.bytes += key.size() + value.size();
    return true;
  };
  GW_CHECK(store.database().Scan(store::Table::kBlocks, "", "", count).ok());
  return blocks;
}

std::pair<DiskBytes, Blocks> Ours(const Measured& measured, Millis checkpoint) {
  const Folder folder;
  {
    Store store(folder.dir());
    store.Fill(measured, checkpoint);
    store.Close();
  }
  std::pair<std::size_t, uint64_t> expected{measured.samples.size(), 0};
  for (const Measured::Sample& sample : measured.samples) {
    expected.second += static_cast<uint64_t>(sample.value);
  }
  const DiskBytes bytes = CompactedBytes(folder.dir(), StoreTableOptions());
  GW_CHECK(ReadBack(folder.dir()) == expected);
  return {bytes, CountBlocks(folder.dir())};
}

// Key: 16 bytes for the series, 8 for the time; value: the value and the quality, as in a journal.
DiskBytes OneRowEach(const Measured& measured) {
  const Folder folder;
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kZSTD;
  const std::unique_ptr<rocksdb::DB> db = [&] {
    rocksdb::DB* opened = nullptr;
    GW_CHECK(rocksdb::DB::Open(options, folder.dir(), &opened).ok());
    return std::unique_ptr<rocksdb::DB>(opened);
  }();
  ByteWriter key, value;
  for (const Measured::Sample& sample : measured.samples) {
    key.Clear().U64(0).U64(sample.series).I64(sample.time.time_since_epoch().count());
    value.Clear().ZigZag(sample.value).U8(kQualityNone);
    GW_CHECK(db->Put({}, key.bytes(), value.bytes()).ok());
  }
  GW_CHECK(db->Close().ok());
  return CompactedBytes(folder.dir(), options);
}

void Report(const char* bench, const Measured& measured, Millis checkpoint) {
  const auto [ours, blocks] = Ours(measured, checkpoint);
  const DiskBytes rows = OneRowEach(measured);
  const auto each = [&](std::size_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(measured.samples.size());
  };
  std::printf(
      "{\"bench\":\"%s\",\"value\":%.3f,\"unit\":\"bytes/reading\",\"baseline\":%.3f,"
      "\"baseline_name\":\"RocksDB with zstd, one row each, not encrypted\",\"ratio\":%.3f,"
      "\"params\":{\"readings\":%zu,\"series\":%zu,\"checkpoint_s\":%lld,\"tables_only\":%.3f,"
      "\"baseline_tables_only\":%.3f,\"blocks\":%zu,\"block_rows_only\":%.3f,"
      "\"read_back\":%zu}}\n",
      bench, each(ours.all), each(rows.all),
      static_cast<double>(ours.all) / static_cast<double>(rows.all), measured.samples.size(),
      measured.series.size(), static_cast<long long>(checkpoint.count() / 1000),
      each(ours.tables), each(rows.tables), blocks.rows, each(blocks.bytes),
      measured.samples.size());
  std::fflush(stdout);
}

int Run(std::string_view bench) {
  SetLogLevel(LogLevel::kError);
  GW_CHECK(crypto::InitCrypto().ok());
  constexpr const char* kLondon = "store.bytes_per_reading";
  constexpr const char* kAir = "store.bytes_per_reading_air";
  // A checkpoint for whatever is new, as the pipeline's minute would have it.
  if (bench.empty() || bench == kLondon) {
    if (const auto london = LondonYear(kLondon)) Report(kLondon, *london, std::chrono::minutes(30));
  }
  if (bench.empty() || bench == kAir) {
    if (const auto air = AberdeenDays(kAir)) Report(kAir, *air, std::chrono::minutes(1));
  }
  return 0;
}

}  // namespace
}  // namespace gateway::bench

// Runs the bench that is named, or both.
int main(int argc, char** argv) { return gateway::bench::Run(argc > 1 ? argv[1] : ""); }
