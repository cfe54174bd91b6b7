#include "gateway/store/database.h"

#include <rocksdb/convenience.h>
#include <rocksdb/utilities/checkpoint.h>

#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/store/database_impl.h"
#include "gateway/store/salvage.h"
#include "gateway/store/salvage_files.h"

namespace gateway::store {
namespace {

// A batch buffer that grew beyond this (a checkpoint) is given back after use.
constexpr std::size_t kKeptBatchBytes = 64u << 10;

uint32_t LoadU32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// The number of the last change of a batch that was written: RocksDB leaves the number of the first
// in the batch's first eight bytes, little-endian.
uint64_t LastSequence(const rocksdb::WriteBatch& written) {
  uint64_t first = 0;
  for (int i = 7; i >= 0; --i) {
    first = first << 8 | static_cast<uint8_t>(written.Data().at(static_cast<std::size_t>(i)));
  }
  return first + static_cast<uint64_t>(written.Count()) - 1;
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

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Database::~Database() {
  // Who needs to know whether it worked calls Close; what is in the WAL is not lost either way.
  [[maybe_unused]] const Status closed = impl_->Close();
}

Status Database::Impl::OpenStore() {
  Salvage salvage{.dir = options.dir,
                  .env = options.env,
                  .memory = memory,
                  .known_changes = options.known_changes,
                  .report = options.report};
  if (options.report) {
    ASSIGN_OR_RETURN(salvaged, SalvageIfDamaged(salvage));
  }
  const auto open = [this] {
    return RocksStore::Open(options.dir, options.env, memory, std::make_shared<Listener>(*this));
  };
  StatusOr<std::unique_ptr<RocksStore>> opened = open();
  if (opened.status().code() == StatusCode::kDataLoss && options.report && !salvaged) {
    // Every file is as the list says, so the list is wrong.
    salvage.distrust_list = true;
    ASSIGN_OR_RETURN(salvaged, SalvageIfDamaged(salvage));
    opened = open();
  }
  RETURN_IF_ERROR(opened.status());
  store = *std::move(opened);
  return OkStatus();
}

StatusOr<std::unique_ptr<Database>> Database::Open(DatabaseOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  RETURN_IF_ERROR(impl->OpenStore());
  impl->acknowledged.store(impl->store->db().GetLatestSequenceNumber());
  ASSIGN_OR_RETURN(const Space space, MeasureSpace(impl->options.dir));
  {
    const MutexLock lock(impl->mutex);
    impl->space = CheckSpace(space, impl->options.space, false);
  }
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Status Database::Impl::Convert(const Batch& batch, rocksdb::WriteBatch& writes) const {
  std::string_view rest = batch.changes_;
  while (!rest.empty()) {
    const auto change = static_cast<Batch::Change>(rest[0]);
    rocksdb::ColumnFamilyHandle* handle = store->Handle(static_cast<Table>(rest[1]));
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
  return OkStatus();
}

Status Database::Commit(Batch& batch) {
  // Before the gate too: the caller may hold a lock that a reader needs to get out of it.
  RETURN_IF_ERROR(impl_->CheckSound());
  const Gate::Inside inside(impl_->gate);
  RETURN_IF_ERROR(impl_->CheckSound());
  if (batch.empty()) return OkStatus();
  thread_local rocksdb::WriteBatch writes;
  writes.Clear();
  RETURN_IF_ERROR(impl_->Convert(batch, writes));
  const rocksdb::Status written = impl_->store->db().Write({}, &writes);
  if (!written.ok()) {
    impl_->RememberToUndo(writes);
    return impl_->FallIll(Ailment::kLog, FromRocks(written, "writing to the store"));
  }
  // Counted first: the Syncer reads changes(), to record them as durable, and then commits(), to know
  // whether it has to sync. Whoever sees the change must see that there is something to sync.
  impl_->commits.fetch_add(1, std::memory_order_release);
  const uint64_t last = LastSequence(writes);
  uint64_t before = impl_->acknowledged.load(std::memory_order_relaxed);
  while (before < last && !impl_->acknowledged.compare_exchange_weak(before, last)) {
  }
  if (writes.GetDataSize() > kKeptBatchBytes) writes = rocksdb::WriteBatch();
  batch.Clear();
  return OkStatus();
}

StatusOr<std::optional<std::string>> Database::Get(Table table, std::string_view key) const {
  const Gate::Inside inside(impl_->gate);
  RETURN_IF_ERROR(impl_->CheckOpen());
  const RocksStore& store = *impl_->store;
  std::string value;
  const rocksdb::Status read = store.db().Get({}, store.Handle(table), ToSlice(key), &value);
  if (read.IsNotFound()) return std::optional<std::string>();
  RETURN_IF_ERROR(FromRocks(read, "reading the store"));
  return std::optional<std::string>(std::move(value));
}

Status Database::Scan(
    Table table, std::string_view from, std::string_view until,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  const Gate::Inside inside(impl_->gate);
  RETURN_IF_ERROR(impl_->CheckOpen());
  const RocksStore& store = *impl_->store;
  rocksdb::ReadOptions options;
  const rocksdb::Slice bound = ToSlice(until);
  if (!until.empty()) options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(
      store.db().NewIterator(options, store.Handle(table)));
  for (it->Seek(ToSlice(from)); it->Valid(); it->Next()) {
    if (!visit(ToView(it->key()), ToView(it->value()))) break;
  }
  return FromRocks(it->status(), "scanning the store");
}

StatusOr<std::optional<std::string>> Database::LastKey(Table table) const {
  const Gate::Inside inside(impl_->gate);
  RETURN_IF_ERROR(impl_->CheckOpen());
  const RocksStore& store = *impl_->store;
  const std::unique_ptr<rocksdb::Iterator> it(store.db().NewIterator({}, store.Handle(table)));
  it->SeekToLast();
  RETURN_IF_ERROR(FromRocks(it->status(), "reading the store"));
  if (!it->Valid()) return std::optional<std::string>();
  return std::optional<std::string>(it->key().ToString());
}

Status Database::DropRange(Table table, std::string_view from, std::string_view until) {
  const rocksdb::Slice first = ToSlice(from);
  const rocksdb::Slice end = ToSlice(until);
  {
    const Gate::Inside inside(impl_->gate);
    RETURN_IF_ERROR(impl_->CheckSound());
    // Files before rows: a file that is dropped may have hidden older values in files that stay,
    // and the tombstones that hide them now have to be newer than both.
    RETURN_IF_ERROR(FromRocks(rocksdb::DeleteFilesInRange(&impl_->store->db(),
                                                          impl_->store->Handle(table), &first,
                                                          &end, false),
                              "dropping files"));
  }
  Batch batch;
  batch.DeleteRange(table, from, until);
  RETURN_IF_ERROR(Commit(batch));
  return Compact(table, from, until);
}

Status Database::Compact(Table table, std::string_view from, std::string_view until) {
  const rocksdb::Slice first = ToSlice(from);
  const rocksdb::Slice end = ToSlice(until);
  const Gate::Inside inside(impl_->gate);
  RETURN_IF_ERROR(impl_->CheckSound());
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  return FromRocks(impl_->store->db().CompactRange(options, impl_->store->Handle(table), &first,
                                                   until.empty() ? nullptr : &end),
                   "giving space back");
}

StatusOr<uint64_t> Database::UsedBytes() const {
  ASSIGN_OR_RETURN(const Space space, MeasureSpace(impl_->options.dir));
  return space.used_bytes;
}

Status Database::Rewrite(Table table) {
  const Gate::Inside inside(impl_->gate);
  RETURN_IF_ERROR(impl_->CheckSound());
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  // It flushes first, all tables at once, which ends the write-ahead log that held their rows.
  RETURN_IF_ERROR(FromRocks(
      impl_->store->db().CompactRange(options, impl_->store->Handle(table), nullptr, nullptr),
      "rewriting a table"));
  // An old file that stays is healed away: opening the store again deletes it.
  const Status deleted = impl_->store->Deleted();
  return deleted.ok() ? deleted : impl_->FallIll(Ailment::kLog, deleted);
}

Status Database::Sync() {
  const Gate::Inside inside(impl_->gate);
  RETURN_IF_ERROR(impl_->CheckSound());
  const Status synced = impl_->store->Sync();
  return synced.ok() ? synced : impl_->FallIll(Ailment::kLog, synced);
}

Status Database::Checkpoint(const std::string& dir) const {
  const Gate::Inside inside(impl_->gate);
  RETURN_IF_ERROR(impl_->CheckSound());
  rocksdb::Checkpoint* made = nullptr;
  RETURN_IF_ERROR(
      FromRocks(rocksdb::Checkpoint::Create(&impl_->store->db(), &made), "checkpoint"));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // 0: what is in memory is written to files first, so that no log has to be copied.
  return FromRocks(checkpoint->CreateCheckpoint(dir, 0), "checkpoint");
}

uint64_t Database::commits() const { return impl_->commits.load(std::memory_order_acquire); }
uint64_t Database::changes() const { return impl_->acknowledged.load(); }
bool Database::salvaged() const { return impl_->salvaged; }
Status Database::ForgetSalvage() {
  RETURN_IF_ERROR(ForgetReplacing(impl_->options.dir));
  impl_->salvaged = false;
  return OkStatus();
}
uint64_t Database::reopened() const { return impl_->reopened.load(); }
uint64_t Database::lost_changes() const { return impl_->lost.load(); }

Status Database::space() const {
  const MutexLock lock(impl_->mutex);
  return impl_->space;
}

Status Database::health() const { return impl_->CheckSound(); }

Status Database::Close() { return impl_->Close(); }

}  // namespace gateway::store
