// What the benchmarks of the store share: a store in a folder of its own, RocksDB alone in another,
// and the bytes that either takes.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/model/time.h"
#include "gateway/pipeline/block_log.h"
#include "gateway/store/journal.h"
#include "tests/bench/measured.h"

namespace gateway::bench {

class Folder {
 public:
  Folder();
  ~Folder() { std::filesystem::remove_all(root_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string dir() const { return (root_ / "db").string(); }

 private:
  std::filesystem::path root_;
};

// Journal, blocks and checkpoints as the pipeline has them. Opening again finds what was written.
class Store {
 public:
  explicit Store(const std::string& dir);

  store::Database& database() { return *database_; }
  store::Vault& vault() { return *vault_; }
  store::Journal& journal() { return *journal_; }
  pipeline::BlockLog& blocks() { return blocks_; }

  OwnerId OwnerOf(std::string_view owner) const;
  // Adds a reading to the blocks as if it had been journaled in its own month.
  void Append(const Measured::Series& series, const Reading& reading);
  // Writes the blocks and trims the journal as the pipeline does.
  void Checkpoint();
  // As retention does with months that are over.
  void MergeBlocks();
  // All of it, with a checkpoint whenever `interval` of the readings' time has passed; then its
  // months are over.
  void Fill(const Measured& measured, Millis interval);
  void Close() { GW_CHECK(database_->Close().ok()); }

 private:
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Vault> vault_;
  std::unique_ptr<store::Journal> journal_;
  pipeline::BlockLog blocks_;
  uint64_t trimmed_ = 0;
};

// RocksDB without us, opened as the store opens it, with as many tables.
class BareRocks {
 public:
  explicit BareRocks(const std::string& dir);
  ~BareRocks() { Close(); }
  BareRocks(const BareRocks&) = delete;
  BareRocks& operator=(const BareRocks&) = delete;
  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* table(std::size_t number) { return handles_.at(number); }
  void Close();

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

struct DiskBytes {
  std::size_t tables = 0;  // *.sst
  std::size_t all = 0;    // every file, by its length
};
// Compacts what a closed database of RocksDB in `dir` holds, whoever wrote it, and measures it.
DiskBytes CompactedBytes(const std::string& dir, const rocksdb::ColumnFamilyOptions& options);
rocksdb::ColumnFamilyOptions StoreTableOptions();

double Median(std::vector<double> values);

}  // namespace gateway::bench
