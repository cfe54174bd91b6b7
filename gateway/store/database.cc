#include "gateway/store/database.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/store/rocks.h"

namespace gateway::store {
namespace {

struct TableName {
  Table table;
  const char* name;
};
constexpr std::array<TableName, 11> kTables{{{Table::kMeta, "meta"},
                                             {Table::kKeys, "keys"},
                                             {Table::kRegistry, "registry"},
                                             {Table::kJournal, "journal"},
                                             {Table::kBlocks, "blocks"},
                                             {Table::kSheets, "sheets"},
                                             {Table::kCells, "cells"},
                                             {Table::kReasons, "reasons"},
                                             {Table::kLedger, "ledger"},
                                             {Table::kRetractions, "retractions"},
                                             {Table::kRollups, "rollups"}}};
constexpr std::size_t kHandles = kTables.size() + 1;  // indexed by Table, which starts at 1
constexpr std::string_view kFormatKey = "format";
// A batch buffer that grew beyond this (a checkpoint) is given back after use.
constexpr std::size_t kKeptBatchBytes = 64u << 10;

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

uint32_t LoadU32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

}  // namespace

void Batch::Put(Table table, std::string_view key, std::string_view value) {
  Add(Change::kPut, table, key, value);
}

void Batch::Delete(Table table, std::string_view key) { Add(Change::kDelete, table, key, {}); }

void Batch::DeleteRange(Table table, std::string_view from, std::string_view until) {
  if (from < until) Add(Change::kDeleteRange, table, from, until);
}

void Batch::Add(Change change, Table table, std::string_view first, std::string_view second) {
  GW_CHECK(first.size() <= std::numeric_limits<uint32_t>::max());
  GW_CHECK(second.size() <= std::numeric_limits<uint32_t>::max());
  changes_.push_back(static_cast<char>(change));
  changes_.push_back(static_cast<char>(table));
  for (const std::string_view part : {first, second}) {
    const auto size = static_cast<uint32_t>(part.size());
    std::array<char, sizeof(size)> bytes;
    std::memcpy(bytes.data(), &size, sizeof(size));
    changes_.append(bytes.data(), bytes.size());
    changes_.append(part);
  }
}

struct Database::Impl {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> owned;  // every open handle, ours or not
  std::array<rocksdb::ColumnFamilyHandle*, kHandles> handles{};
  std::atomic<uint64_t> commits{0};
  std::atomic<bool> stumbled{false};  // a write failed: RocksDB may wait to be told to go on
  std::atomic<bool> closed{false};

  rocksdb::ColumnFamilyHandle* Handle(Table table) const {
    return handles.at(static_cast<std::size_t>(table));
  }

  Status CheckOpen() const {
    return closed.load() ? FailedPrecondition("the store is closed") : OkStatus();
  }

  void Adopt(rocksdb::ColumnFamilyHandle* handle) {
    owned.push_back(handle);
    for (const TableName& table : kTables) {
      if (handle->GetName() == table.name) {
        handles.at(static_cast<std::size_t>(table.table)) = handle;
      }
    }
  }

  // Returns whether the store was finished when it was made; refuses one that is not ours.
  StatusOr<bool> CheckFormat() const {
    std::string value;
    rocksdb::Status read = rocksdb::Status::NotFound();
    if (Handle(Table::kMeta) != nullptr) {
      read = db->Get({}, Handle(Table::kMeta), ToSlice(kFormatKey), &value);
    }
    if (read.IsNotFound()) {
      if (Handle(Table::kKeys) == nullptr) return false;
      const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator({}, Handle(Table::kKeys)));
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

  Status Finish(const rocksdb::ColumnFamilyOptions& options) {
    for (const TableName& table : kTables) {
      if (Handle(table.table) != nullptr) continue;
      rocksdb::ColumnFamilyHandle* handle = nullptr;
      RETURN_IF_ERROR(
          FromRocks(db->CreateColumnFamily(options, table.name, &handle), "making a table"));
      Adopt(handle);
    }
    ByteWriter format;
    format.U32(kStoreFormat);
    RETURN_IF_ERROR(FromRocks(db->Put({}, Handle(Table::kMeta), ToSlice(kFormatKey),
                                      ToSlice(format.bytes())),
                              "writing the store format"));
    return FromRocks(db->SyncWAL(), "writing the store format");
  }

  Status Close() {
    if (closed.exchange(true) || db == nullptr) return OkStatus();
    Status result = FromRocks(db->SyncWAL(), "closing the store");
    for (rocksdb::ColumnFamilyHandle* handle : owned) {
      const Status destroyed =
          FromRocks(db->DestroyColumnFamilyHandle(handle), "closing the store");
      if (result.ok()) result = destroyed;
    }
    owned.clear();
    const Status closed_db = FromRocks(db->Close(), "closing the store");
    if (result.ok()) result = closed_db;
    db.reset();
    return result;
  }
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Database::~Database() {
  // Who needs to know whether it worked calls Close; what is in the WAL is not lost either way.
  [[maybe_unused]] const Status closed = impl_->Close();
}

StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& dir) {
  ASSIGN_OR_RETURN(const bool exists, PrepareDirectory(dir));
  const rocksdb::DBOptions options = MakeDbOptions();
  const rocksdb::ColumnFamilyOptions table_options =
      MakeTableOptions(rocksdb::NewLRUCache(4u << 20));

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

  std::unique_ptr<Database> database(new Database(std::make_unique<Impl>()));
  Impl& impl = *database->impl_;
  impl.db.reset(db);
  for (rocksdb::ColumnFamilyHandle* handle : opened) impl.Adopt(handle);
  ASSIGN_OR_RETURN(const bool finished, impl.CheckFormat());
  if (!finished) RETURN_IF_ERROR(impl.Finish(table_options));
  for (const TableName& table : kTables) {
    if (impl.Handle(table.table) == nullptr) {
      return DataLoss("the store has no table \"%s\"; restore a backup", table.name);
    }
  }
  // What a killed process left in its write-ahead log may be in the page cache only, and Sync
  // reaches this process's log, not that one: nobody may read it before it is on the disk.
  RETURN_IF_ERROR(FromRocks(impl.db->Flush({}, impl.owned), "opening the store"));
  return database;
}

Status Database::Commit(Batch& batch) {
  RETURN_IF_ERROR(impl_->CheckOpen());
  if (batch.empty()) return OkStatus();
  thread_local rocksdb::WriteBatch writes;
  writes.Clear();
  std::string_view rest = batch.changes_;
  while (!rest.empty()) {
    const auto change = static_cast<Batch::Change>(rest[0]);
    rocksdb::ColumnFamilyHandle* handle = impl_->Handle(static_cast<Table>(rest[1]));
    const uint32_t first_size = LoadU32(rest.data() + 2);
    const rocksdb::Slice first(rest.data() + 6, first_size);
    const uint32_t second_size = LoadU32(rest.data() + 6 + first_size);
    const rocksdb::Slice second(rest.data() + 10 + first_size, second_size);
    rest.remove_prefix(std::size_t{10} + first_size + second_size);
    rocksdb::Status added;
    switch (change) {
      case Batch::Change::kPut:
        added = writes.Put(handle, first, second);
        break;
      case Batch::Change::kDelete:
        added = writes.Delete(handle, first);
        break;
      case Batch::Change::kDeleteRange:
        added = writes.DeleteRange(handle, first, second);
        break;
    }
    RETURN_IF_ERROR(FromRocks(added, "filling a batch"));
  }
  // After a full disk RocksDB stays read-only until told that there may be room again. If there
  // is none, the write below says so.
  if (impl_->stumbled.load(std::memory_order_relaxed)) {
    if (impl_->db->Resume().ok()) impl_->stumbled.store(false);
  }
  const rocksdb::Status written = impl_->db->Write({}, &writes);
  if (writes.GetDataSize() > kKeptBatchBytes) writes = rocksdb::WriteBatch();
  if (!written.ok()) {
    impl_->stumbled.store(true);
    return FromRocks(written, "writing to the store");
  }
  impl_->commits.fetch_add(1, std::memory_order_release);
  batch.Clear();
  return OkStatus();
}

StatusOr<std::optional<std::string>> Database::Get(Table table, std::string_view key) const {
  RETURN_IF_ERROR(impl_->CheckOpen());
  std::string value;
  const rocksdb::Status read = impl_->db->Get({}, impl_->Handle(table), ToSlice(key), &value);
  if (read.IsNotFound()) return std::optional<std::string>();
  RETURN_IF_ERROR(FromRocks(read, "reading the store"));
  return std::optional<std::string>(std::move(value));
}

Status Database::Scan(
    Table table, std::string_view from, std::string_view until,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  RETURN_IF_ERROR(impl_->CheckOpen());
  rocksdb::ReadOptions options;
  const rocksdb::Slice bound = ToSlice(until);
  if (!until.empty()) options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(
      impl_->db->NewIterator(options, impl_->Handle(table)));
  for (it->Seek(ToSlice(from)); it->Valid(); it->Next()) {
    if (!visit(ToView(it->key()), ToView(it->value()))) break;
  }
  return FromRocks(it->status(), "scanning the store");
}

StatusOr<std::optional<std::string>> Database::LastKey(Table table) const {
  RETURN_IF_ERROR(impl_->CheckOpen());
  const std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator({}, impl_->Handle(table)));
  it->SeekToLast();
  RETURN_IF_ERROR(FromRocks(it->status(), "reading the store"));
  if (!it->Valid()) return std::optional<std::string>();
  return std::optional<std::string>(it->key().ToString());
}

Status Database::DropRange(Table table, std::string_view from, std::string_view until) {
  RETURN_IF_ERROR(impl_->CheckOpen());
  const rocksdb::Slice first = ToSlice(from);
  const rocksdb::Slice end = ToSlice(until);
  rocksdb::ColumnFamilyHandle* handle = impl_->Handle(table);
  // Files before rows: a file that is dropped may have hidden older values in files that stay, and
  // the row tombstones that would hide them now have to be newer than both.
  RETURN_IF_ERROR(FromRocks(rocksdb::DeleteFilesInRange(impl_->db.get(), handle, &first, &end, false),
                            "dropping files"));
  Batch batch;
  batch.DeleteRange(table, from, until);
  RETURN_IF_ERROR(Commit(batch));
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  return FromRocks(impl_->db->CompactRange(options, handle, &first, &end), "dropping rows");
}

StatusOr<uint64_t> Database::TableBytes() const {
  RETURN_IF_ERROR(impl_->CheckOpen());
  uint64_t total = 0;
  for (rocksdb::ColumnFamilyHandle* handle : impl_->owned) {
    uint64_t bytes = 0;
    if (!impl_->db->GetIntProperty(handle, rocksdb::DB::Properties::kLiveSstFilesSize, &bytes)) {
      return Unavailable("the store does not say how large it is");
    }
    total += bytes;
  }
  return total;
}

Status Database::Sync() {
  RETURN_IF_ERROR(impl_->CheckOpen());
  return FromRocks(impl_->db->SyncWAL(), "syncing the store");
}

Status Database::Checkpoint(const std::string& dir) const {
  RETURN_IF_ERROR(impl_->CheckOpen());
  rocksdb::Checkpoint* made = nullptr;
  RETURN_IF_ERROR(FromRocks(rocksdb::Checkpoint::Create(impl_->db.get(), &made), "checkpoint"));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // 0: what is in memory is written to files first, so that no log has to be copied.
  return FromRocks(checkpoint->CreateCheckpoint(dir, 0), "checkpoint");
}

uint64_t Database::commits() const { return impl_->commits.load(std::memory_order_acquire); }

Status Database::Close() { return impl_->Close(); }

}  // namespace gateway::store
