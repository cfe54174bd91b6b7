#include "gateway/store/rocks_store.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "gateway/base/bytes.h"

namespace gateway::store {
namespace {

struct TableName {
  Table table;
  const char* name;
};
constexpr std::array<TableName, 12> kTables{{{Table::kMeta, "meta"},
                                             {Table::kKeys, "keys"},
                                             {Table::kRegistry, "registry"},
                                             {Table::kJournal, "journal"},
                                             {Table::kBlocks, "blocks"},
                                             {Table::kSheets, "sheets"},
                                             {Table::kCells, "cells"},
                                             {Table::kReasons, "reasons"},
                                             {Table::kLedger, "ledger"},
                                             {Table::kRetractions, "retractions"},
                                             {Table::kRollups, "rollups"},
                                             {Table::kQuarantine, "quarantine"}}};
constexpr std::string_view kFormatKey = "format";

// Makes `dir` if it is not there. RocksDB would take a directory whose CURRENT file is lost for an
// empty one and delete what it holds, so that is refused here.
StatusOr<bool> PrepareDirectory(const std::string& dir) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::create_directory(dir, error)) {
    fs::permissions(dir, fs::perms::owner_all, error);
  }
  if (error) return Unavailable("store \"%s\": %s", dir, error.message());
  if (fs::exists(fs::path(dir) / "CURRENT", error)) return true;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    const fs::path extension = it->path().extension();
    if (extension == ".sst" || extension == ".log") {
      return DataLoss("store \"%s\": holds data but no file CURRENT; restore a backup", dir);
    }
  }
  if (error) return Unavailable("store \"%s\": %s", dir, error.message());
  return false;
}

}  // namespace

void RocksStore::Adopt(rocksdb::ColumnFamilyHandle* handle) {
  owned_.push_back(handle);
  for (const TableName& table : kTables) {
    if (handle->GetName() == table.name) {
      handles_.at(static_cast<std::size_t>(table.table)) = handle;
    }
  }
}

StatusOr<bool> RocksStore::CheckFormat() const {
  std::string value;
  rocksdb::Status read = rocksdb::Status::NotFound();
  if (Handle(Table::kMeta) != nullptr) {
    read = db_->Get({}, Handle(Table::kMeta), ToSlice(kFormatKey), &value);
  }
  if (read.IsNotFound()) {
    if (Handle(Table::kKeys) == nullptr) return false;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, Handle(Table::kKeys)));
    it->SeekToFirst();
    RETURN_IF_ERROR(FromRocks(it->status(), "store format"));
    if (it->Valid()) return DataLoss("the store's format is missing; restore a backup");
    return false;
  }
  RETURN_IF_ERROR(FromRocks(read, "store format"));
  ByteReader reader(value);
  const uint32_t format = reader.U32();
  RETURN_IF_ERROR(reader.Finish("store format"));
  if (format > kStoreFormat) {
    return FailedPrecondition("the store has format %u, this program knows up to %u; upgrade it",
                              format, kStoreFormat);
  }
  if (format == 0) return DataLoss("the store has unknown format %u", format);
  if (format < kStoreFormat) {
    return FailedPrecondition(
        "the store has format %u, from before the first release, and this program knows only %u; "
        "make a new store with `commons init`",
        format, kStoreFormat);
  }
  return true;
}

Status RocksStore::MakeTable(const char* name, const rocksdb::ColumnFamilyOptions& options) {
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  RETURN_IF_ERROR(FromRocks(db_->CreateColumnFamily(options, name, &handle), "making a table"));
  Adopt(handle);
  return OkStatus();
}

Status RocksStore::Finish(const rocksdb::ColumnFamilyOptions& options) {
  for (const TableName& table : kTables) {
    if (Handle(table.table) == nullptr) RETURN_IF_ERROR(MakeTable(table.name, options));
  }
  ByteWriter format;
  format.U32(kStoreFormat);
  RETURN_IF_ERROR(FromRocks(db_->Put({}, Handle(Table::kMeta), ToSlice(kFormatKey),
                                    ToSlice(format.bytes())),
                            "writing the store format"));
  return Sync();
}

StatusOr<std::unique_ptr<RocksStore>> RocksStore::Open(
    const std::string& dir, rocksdb::Env* env, const RocksMemory& memory,
    std::shared_ptr<rocksdb::EventListener> listener) {
  ASSIGN_OR_RETURN(const bool exists, PrepareDirectory(dir));
  rocksdb::DBOptions options = MakeDbOptions(memory);
  std::unique_ptr<RocksStore> store(new RocksStore);
  store->logs_ = std::make_shared<LogFiles>(
      (env != nullptr ? env : rocksdb::Env::Default())->GetFileSystem());
  store->env_ = rocksdb::NewCompositeEnv(store->logs_);
  options.env = store->env_.get();
  options.listeners.push_back(std::move(listener));
  const rocksdb::ColumnFamilyOptions table_options = MakeTableOptions(memory);

  // Every table that is there must be opened, those of a newer format too, to read its format.
  std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName};
  if (exists) {
    RETURN_IF_ERROR(
        FromRocks(rocksdb::DB::ListColumnFamilies(options, dir, &names), "opening the store"));
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, table_options);
  std::vector<rocksdb::ColumnFamilyHandle*> opened;
  rocksdb::DB* db = nullptr;
  RETURN_IF_ERROR(FromRocks(rocksdb::DB::Open(options, dir, descriptors, &opened, &db),
                            "opening the store"));

  store->db_.reset(db);
  store->recovered_ = db->GetLatestSequenceNumber();
  for (rocksdb::ColumnFamilyHandle* handle : opened) store->Adopt(handle);
  ASSIGN_OR_RETURN(const bool finished, store->CheckFormat());
  if (!finished) RETURN_IF_ERROR(store->Finish(table_options));
  // Stores of this format were made before there was a table of quarantined messages.
  if (store->Handle(Table::kQuarantine) == nullptr) {
    RETURN_IF_ERROR(store->MakeTable(kTables.back().name, table_options));
  }
  for (const TableName& table : kTables) {
    if (store->Handle(table.table) == nullptr) {
      return DataLoss("the store has no table \"%s\"; restore a backup", table.name);
    }
  }
  // What a killed process left in its write-ahead log may be in the page cache only, and Sync
  // reaches this process's log, not that one: nobody may read it before it is on the disk.
  RETURN_IF_ERROR(FromRocks(db->Flush({}, store->owned_), "opening the store"));
  return store;
}

RocksStore::~RocksStore() { Abandon(); }

Status RocksStore::Sync() const { return FromRocks(logs_->Sync(), "syncing the store"); }

Status RocksStore::Close() {
  if (db_ == nullptr) return OkStatus();
  const Status synced = Sync();
  const Status closed = CloseHandles();
  return synced.ok() ? closed : synced;
}

void RocksStore::Abandon() {
  // What went wrong was said when it did.
  if (db_ != nullptr) [[maybe_unused]] const Status closed = CloseHandles();
}

Status RocksStore::CloseHandles() {
  Status result;
  for (rocksdb::ColumnFamilyHandle* handle : owned_) {
    const Status destroyed = FromRocks(db_->DestroyColumnFamilyHandle(handle), "closing the store");
    if (result.ok()) result = destroyed;
  }
  owned_.clear();
  const Status closed = FromRocks(db_->Close(), "closing the store");
  if (result.ok()) result = closed;
  db_.reset();
  return result;
}

}  // namespace gateway::store
