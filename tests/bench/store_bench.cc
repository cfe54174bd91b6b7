#include "tests/bench/store_bench.h"

#include <stdlib.h>

#include <algorithm>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/model/limits.h"
#include "gateway/store/rocks.h"

namespace gateway::bench {
namespace {

constexpr std::size_t kTables = store::kTablesEnd;  // with the empty one that RocksDB insists on

template <typename T>
T Checked(StatusOr<T> made) {
  GW_CHECK(made.ok());
  return *std::move(made);
}

}  // namespace

rocksdb::ColumnFamilyOptions StoreTableOptions() {
  return store::MakeTableOptions(store::MakeMemory());
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "store_bench.XXXXXX").string();
  GW_CHECK(::mkdtemp(name.data()) != nullptr);
  root_ = name;
}

Store::Store(const std::string& dir)
    : database_(Checked(store::Database::Open(dir))),
      vault_(Checked(store::Vault::Open(
          *database_, Checked(crypto::SecretKey::FromBytes(
                          std::string(crypto::SecretKey::kBytes, 'm')))))),
      journal_(Checked(store::Journal::Open(*vault_, 0))),
      blocks_(*database_, *vault_) {}

OwnerId Store::OwnerOf(std::string_view owner) const {
  return OwnerId::FromBytes(vault_->RowPseudonym("bench", owner));
}

void Store::Append(const Measured::Series& series, const Reading& reading) {
  GW_CHECK(blocks_
               .Append(OwnerKind::kHousehold,
                       {.owner = OwnerOf(series.owner),
                        .device = DeviceKey::FromBytes(
                            vault_->RowPseudonym("device", series.device)),
                        .series = vault_->SeriesOf(series.device, series.metric)},
                       MonthOf(reading.time), reading)
               .ok());
}

void Store::Checkpoint() {
  store::Batch batch;
  GW_CHECK(blocks_.WriteTo(batch).ok() && vault_->Commit(batch).ok());
  blocks_.Written();
  if (journal_->last() > trimmed_ + 2 * limits::kInflightMax) {
    trimmed_ = journal_->last() - limits::kInflightMax;
    GW_CHECK(journal_->TrimThrough(trimmed_).ok());
  }
}

void Store::Fill(const Measured& measured, Millis interval) {
  Time checkpoint = measured.samples.front().time + interval;
  for (const Measured::Sample& sample : measured.samples) {
    if (sample.time >= checkpoint) {
      Checkpoint();
      checkpoint = sample.time + interval;
    }
    Append(measured.series[sample.series], {.time = sample.time, .value = sample.value});
  }
  Checkpoint();
  MergeBlocks();
}

void Store::MergeBlocks() {
  const std::vector<uint32_t> months = Checked(blocks_.Months());
  for (const uint32_t month : months) {
    for (const OwnerId& owner : Checked(blocks_.OwnersOf(month))) {
      store::Batch batch;
      GW_CHECK(blocks_.Merge(batch, month, owner).ok() && vault_->Commit(batch).ok());
    }
  }
}

BareRocks::BareRocks(const std::string& dir) {
  const store::RocksMemory memory = store::MakeMemory();
  rocksdb::DBOptions options = store::MakeDbOptions(memory);
  options.create_missing_column_families = true;
  const rocksdb::ColumnFamilyOptions table_options = store::MakeTableOptions(memory);
  std::vector<rocksdb::ColumnFamilyDescriptor> tables{
      {rocksdb::kDefaultColumnFamilyName, table_options}};
  while (tables.size() < kTables) {
    tables.emplace_back("table-" + std::to_string(tables.size()), table_options);
  }
  rocksdb::DB* db = nullptr;
  GW_CHECK(rocksdb::DB::Open(options, dir, tables, &handles_, &db).ok());
  db_.reset(db);
}

void BareRocks::Close() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    GW_CHECK(db_->DestroyColumnFamilyHandle(handle).ok());
  }
  GW_CHECK(db_->Close().ok());
  db_.reset();
}

DiskBytes CompactedBytes(const std::string& dir, const rocksdb::ColumnFamilyOptions& options) {
  const rocksdb::DBOptions db_options = store::MakeDbOptions(store::MakeMemory());
  std::vector<std::string> names;
  GW_CHECK(rocksdb::DB::ListColumnFamilies(db_options, dir, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> tables;
  for (const std::string& name : names) tables.emplace_back(name, options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  GW_CHECK(rocksdb::DB::Open(db_options, dir, tables, &handles, &opened).ok());
  std::unique_ptr<rocksdb::DB> db(opened);
  GW_CHECK(db->Flush({}, handles).ok());
  rocksdb::CompactRangeOptions compact;
  compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    GW_CHECK(db->CompactRange(compact, handle, nullptr, nullptr).ok());
    GW_CHECK(db->DestroyColumnFamilyHandle(handle).ok());
  }
  GW_CHECK(db->Close().ok());
  db.reset();
  DiskBytes bytes;
  for (const auto& file : std::filesystem::directory_iterator(dir)) {
    bytes.all += file.file_size();
    if (file.path().extension() == ".sst") bytes.tables += file.file_size();
  }
  return bytes;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace gateway::bench
