// The gateway's tables: one RocksDB, one column family per table, and batches that are committed
// as a whole. Knows nothing of keys or meaning: what must be sealed goes through Vault
// (sealed_rows.h). RocksDB's own text goes to the log, shortened, warnings and errors only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/model/limits.h"
#include "gateway/store/losses.h"
#include "gateway/store/space.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace gateway::store {

// The numbers are part of every sealed row's associated data: never reuse one.
enum class Table : uint8_t {
  kMeta = 1,
  kKeys = 2,
  kRegistry = 3,
  kJournal = 4,
  kBlocks = 5,
  kSheets = 6,
  kCells = 7,
  kReasons = 8,
  kLedger = 9,
  kRetractions = 10,
  kRollups = 11,
  kQuarantine = 12,
};
inline constexpr std::size_t kTablesEnd = 13;

// The format this program reads and writes; stores of any other are refused. Of formats 1 and 2
// there was no release.
inline constexpr uint32_t kStoreFormat = 3;

// Changes to several tables that happen together or not at all. Later changes win over earlier
// ones of the same row. Copies what it is given. Thread-compatible.
class Batch {
 public:
  void Put(Table table, std::string_view key, std::string_view value);
  void Delete(Table table, std::string_view key);
  // Deletes every row with from <= key < until.
  void DeleteRange(Table table, std::string_view from, std::string_view until);
  // Adds all changes of another batch, behind its own.
  void Append(const Batch& more) { changes_ += more.changes_; }
  // Empties the batch but keeps its memory.
  void Clear() { changes_.clear(); }

  std::size_t bytes() const { return changes_.size(); }
  bool empty() const { return changes_.empty(); }

 private:
  friend class Database;
  enum class Change : uint8_t { kPut, kDelete, kDeleteRange };
  void Add(Change change, Table table, std::string_view first, std::string_view second);

  // u8 change | u8 table | u32 size | first | u32 size | second, in this machine's byte order.
  std::string changes_;
};

struct DatabaseOptions {
  std::string dir;
  SpaceLimits space{.quota_bytes = 0, .free_bytes_min = limits::kDiskFreeMin};
  // Who makes losses durable. Without it a damaged store is not opened; with it the store is made
  // anew from what can be read, and this is told first what cannot: salvage.h.
  std::function<Status(const std::vector<Loss>&)> report;
  // What the store is known to have had: Database::changes of an earlier opening; 0: unknown.
  uint64_t known_changes = 0;
  // For tests that put faults between RocksDB and the disk; outlives the database.
  rocksdb::Env* env = nullptr;
};

// Thread-safe, except that Tend and Heal belong to one thread and Close must be the last call.
//
// Errors of every method: ResourceExhausted if the disk is full, Unavailable if it refused
// otherwise, DataLoss if what it returned is damaged, FailedPrecondition after Close.
//
// After an error of the disk nothing is committed or synced until Heal has cured it, by closing
// RocksDB and opening it again under whoever uses this object; reads go on where they can. A commit
// that failed is as if it had never been, whatever of it is in the write-ahead log.
class Database {
 public:
  // Opens the store or makes a new one (mode 0700).
  // Returns FailedPrecondition if the store has another format, Unavailable if another process
  // has it open, DataLoss if it is damaged and not to be salvaged; its files are then as they were.
  static StatusOr<std::unique_ptr<Database>> Open(DatabaseOptions options);
  static StatusOr<std::unique_ptr<Database>> Open(const std::string& dir) {
    return Open(DatabaseOptions{.dir = dir});
  }
  ~Database();

  // Applies the batch and clears it. On return it is in the write-ahead log, which survives this
  // process but not a power cut: see Sync. On an error the batch is as it was.
  // Does not look at space(): who makes the store grow, and can wait, does.
  Status Commit(Batch& batch);

  // Empty if there is no such row.
  StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const;

  // Deletes every row with from <= key < until and gives their space back: first whole files, which
  // costs no writing, then what is left. Not one step: after a crash rows of the range, or older
  // values of them, may be there, and it has to be done again.
  Status DropRange(Table table, std::string_view from, std::string_view until);

  // Gives back the space of rows that were deleted or replaced in the range, which a commit alone
  // does not; an empty `until` is the end of the table. Takes as long as the range is large.
  Status Compact(Table table, std::string_view from, std::string_view until);

  // What the store's files take now, as its quota counts them.
  StatusOr<uint64_t> UsedBytes() const;

  // Visits the rows with from <= key < until (an empty `until` is the end of the table), in the
  // order of their keys, as they were when Scan was called, until `visit` returns false. `visit`
  // may read and commit, but a long one keeps the store from being healed.
  Status Scan(Table table, std::string_view from, std::string_view until,
              const std::function<bool(std::string_view key, std::string_view value)>& visit) const;

  // The greatest key of the table; empty if the table is.
  StatusOr<std::optional<std::string>> LastKey(Table table) const;

  // Makes everything committed so far durable: an fsync of the write-ahead log. Slow; the Syncer's
  // thread calls it. After an error nothing is known to be durable until Heal returned OK, and then
  // everything that was committed is.
  Status Sync();

  // Makes `dir`, which must not exist, a store with everything committed so far. Where it can it
  // links files instead of copying them; `dir` is best on the same file system. Commits go on.
  Status Checkpoint(const std::string& dir) const;

  // Looks how much room there is and heals what is ill, with growing pauses between attempts. Cheap
  // if all is well; the Syncer's thread calls it once a second. Returns health().
  Status Tend(std::chrono::steady_clock::time_point now);
  // Cures the store at once, or returns why it cannot be cured yet.
  // Returns DataLoss, for good, if the disk lost what was committed: what this process holds in
  // memory is then wrong, and only a new one may go on.
  Status Heal();

  // ResourceExhausted while intake and whatever else makes the store grow must wait, as Tend last
  // saw it; ends by itself. Deleting, withdrawing and erasing need not wait.
  Status space() const;
  // OK, or what the disk did, until it is healed.
  Status health() const;

  // RocksDB's number of the last change that is committed.
  uint64_t changes() const;
  // Writes the table's files anew, so that nothing that was deleted or replaced is left in them, nor
  // in the write-ahead log. Takes as long as the table is large.
  Status Rewrite(Table table);

  // Whether Open, or one before it, made the store anew; its changes are then counted anew as well.
  // True until ForgetSalvage is called, because how many there are is recorded: a crash before that
  // would otherwise look like a loss.
  bool salvaged() const;
  Status ForgetSalvage();
  // How many batches were committed since Open.
  uint64_t commits() const;
  // How often the store was closed and opened again to heal it, and how many changes that were
  // committed were not found then.
  uint64_t reopened() const;
  uint64_t lost_changes() const;

  // Syncs and closes. The destructor does the same but cannot tell whether it worked.
  Status Close();

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::store
