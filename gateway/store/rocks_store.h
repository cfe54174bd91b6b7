// One opening of the store: RocksDB and its tables' handles, from open to close. Internal to store.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/store/database.h"
#include "gateway/store/log_files.h"
#include "gateway/store/rocks.h"

namespace gateway::store {

// Constant after Open, except Close.
class RocksStore {
 public:
  // Opens the store in `dir` or makes a new one, checks its format and writes what was in its log
  // into files, synced. `listener` hears of errors in the background.
  // Returns as Database::Open.
  static StatusOr<std::unique_ptr<RocksStore>> Open(
      const std::string& dir, rocksdb::Env* env, const RocksMemory& memory,
      std::shared_ptr<rocksdb::EventListener> listener);
  ~RocksStore();

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* Handle(Table table) const {
    return handles_.at(static_cast<std::size_t>(table));
  }
  // The number of the last change that was found.
  uint64_t recovered() const { return recovered_; }

  // Makes every write so far durable. Thread-safe; writes go on meanwhile.
  Status Sync() const;
  // OK if no file is left that was to be deleted; opening the store again deletes those that are.
  Status Deleted() const { return FromRocks(logs_->deleted(), "deleting an old file"); }
  // Syncs and closes.
  Status Close();
  // Closes without a sync.
  void Abandon();

 private:
  RocksStore() = default;
  void Adopt(rocksdb::ColumnFamilyHandle* handle);
  // Returns whether the store was finished when it was made; refuses one that is not ours.
  StatusOr<bool> CheckFormat() const;
  Status MakeTable(const char* name, const rocksdb::ColumnFamilyOptions& options);
  Status Finish(const rocksdb::ColumnFamilyOptions& options);
  Status CloseHandles();

  std::shared_ptr<LogFiles> logs_;
  std::unique_ptr<rocksdb::Env> env_;  // its files are `logs_`; outlives db_
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> owned_;  // every open handle, ours or not
  std::array<rocksdb::ColumnFamilyHandle*, kTablesEnd> handles_{};
  uint64_t recovered_ = 0;
};

}  // namespace gateway::store
