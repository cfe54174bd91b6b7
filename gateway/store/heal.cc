// Database: what happens when the disk refuses, and how it is cured.
#include <algorithm>

#include "gateway/base/log.h"
#include "gateway/store/database_impl.h"

namespace gateway::store {
namespace {

// Collects what the rows that a batch names hold now. Ranges are left out: what they delete was to
// be deleted anyway, and whoever failed to will do it again.
class PresentRows final : public rocksdb::WriteBatch::Handler {
 public:
  PresentRows(const RocksStore& store, rocksdb::WriteBatch& rows) : store_(store), rows_(rows) {}
  rocksdb::Status PutCF(uint32_t table, const rocksdb::Slice& key,
                        const rocksdb::Slice&) override {
    return Keep(table, key);
  }
  rocksdb::Status DeleteCF(uint32_t table, const rocksdb::Slice& key) override {
    return Keep(table, key);
  }
  rocksdb::Status DeleteRangeCF(uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }

 private:
  rocksdb::Status Keep(uint32_t id, const rocksdb::Slice& key) {
    for (std::size_t table = 1; table < kTablesEnd; ++table) {
      rocksdb::ColumnFamilyHandle* handle = store_.Handle(static_cast<Table>(table));
      if (handle->GetID() != id) continue;
      std::string value;
      const rocksdb::Status read = store_.db().Get({}, handle, key, &value);
      if (read.IsNotFound()) return rows_.Delete(handle, key);
      return read.ok() ? rows_.Put(handle, key, value) : read;
    }
    return rocksdb::Status::OK();
  }

  const RocksStore& store_;
  rocksdb::WriteBatch& rows_;
};

}  // namespace

void Database::Impl::RememberToUndo(const rocksdb::WriteBatch& failed) {
  rocksdb::WriteBatch rows;
  PresentRows present(*store, rows);
  const bool known = failed.Iterate(&present).ok();
  const MutexLock lock(mutex);
  undo.push_back(std::move(rows));
  undo_known = undo_known && known;
}

Status Database::Impl::FallIll(Ailment what, const Status& error) {
  const MutexLock lock(mutex);
  if (ailment.load() == Ailment::kNone) {
    Log(LogLevel::kError, "store: nothing is committed until the disk works again: %s",
        Message(error));
  }
  if (what > ailment.load()) {
    ailment.store(what);
    illness = error;
  }
  return error;
}

void Database::Impl::Recovered(std::string_view how) {
  {
    const MutexLock lock(mutex);
    ailment.store(Ailment::kNone);
    illness = OkStatus();
  }
  healing_pause = std::chrono::milliseconds(0);
  Log(LogLevel::kInfo, "store: the disk works again, %s", how);
}

// Every row in memory is written to files, so that the log is not needed any more.
Status Database::Impl::Resume() {
  const Gate::Inside inside(gate);
  RETURN_IF_ERROR(FromRocks(store->db().Resume(), "resuming"));
  // Another commit may have failed on its way out.
  if (ailment.load() == Ailment::kBackground) Recovered("files are written again");
  return OkStatus();
}

Status Database::Impl::Undo(RocksStore& fresh) {
  std::vector<rocksdb::WriteBatch> batches;
  {
    const MutexLock lock(mutex);
    if (!undo_known && fresh.recovered() > acknowledged.load()) {
      lost.store(fresh.recovered() - acknowledged.load());
      return DataLoss("the store cannot tell what a failed commit left; restart the gateway");
    }
    batches = undo;
  }
  // Nobody commits meanwhile, so none is added.
  for (rocksdb::WriteBatch& rows : batches) {
    RETURN_IF_ERROR(FromRocks(fresh.db().Write({}, &rows), "undoing a failed commit"));
  }
  if (!batches.empty()) RETURN_IF_ERROR(fresh.Sync());
  const MutexLock lock(mutex);
  undo.clear();
  undo_known = true;
  return OkStatus();
}

Status Database::Impl::Reopen() {
  if (store != nullptr) store->Abandon();
  store.reset();
  auto fresh =
      RocksStore::Open(options.dir, options.env, memory, std::make_shared<Listener>(*this));
  if (!fresh.ok()) return fresh.status();
  const uint64_t committed = acknowledged.load();
  if ((*fresh)->recovered() < committed) {
    lost.store(committed - (*fresh)->recovered());
    return DataLoss("the disk lost the last %u changes that were committed; restart the gateway",
                    lost.load());
  }
  RETURN_IF_ERROR(Undo(**fresh));
  acknowledged.store((*fresh)->db().GetLatestSequenceNumber());
  store = *std::move(fresh);
  reopened.fetch_add(1);
  return OkStatus();
}

Status Database::Heal() {
  Impl& impl = *impl_;
  if (impl.closed.load()) return FailedPrecondition("the store is closed");
  if (impl.ailment.load() == Ailment::kNone) return OkStatus();
  if (impl.lost.load() > 0) return impl.Health();
  if (impl.ailment.load() == Ailment::kBackground && impl.Resume().ok()) return impl.CheckSound();
  if (!impl.gate.Lock(std::chrono::steady_clock::now() + limits::kHealReadersMax)) {
    return Unavailable("the store waits for a reader before it is opened again");
  }
  const Status reopened = impl.Reopen();
  if (reopened.ok()) {
    impl.Recovered("the store was opened again and nothing that was committed is missing");
  } else {
    const MutexLock lock(impl.mutex);
    impl.illness = reopened;
    // Not even reading is possible, and the log may be another one: only opening it will do.
    impl.ailment.store(Ailment::kLog);
  }
  impl.gate.Unlock();
  return reopened;
}

void Database::Impl::LookForRoom() {
  const auto found = MeasureSpace(options.dir);
  if (!found.ok()) return;  // what it was before is the best guess
  const MutexLock lock(mutex);
  const Status before = space;
  space = CheckSpace(*found, options.space, !before.ok());
  if (before.ok() && !space.ok()) {
    Log(LogLevel::kWarning, "store: paused: %s", Message(space));
  } else if (!before.ok() && space.ok()) {
    Log(LogLevel::kInfo, "store: there is room again");
  }
}

Status Database::Tend(std::chrono::steady_clock::time_point now) {
  Impl& impl = *impl_;
  if (now >= impl.next_look) {
    impl.next_look = now + limits::kSpaceLookInterval;
    impl.LookForRoom();
  }
  if (impl.ailment.load() != Ailment::kNone && now >= impl.next_healing) {
    if (const Status healed = Heal(); !healed.ok()) {
      Log(LogLevel::kDebug, "store: not healed yet: %s", Message(healed));
      impl.healing_pause = std::clamp<std::chrono::milliseconds>(
          impl.healing_pause * 2, limits::kHealPauseMin, limits::kHealPauseMax);
      impl.next_healing = now + impl.healing_pause;
    }
  }
  return health();
}

Status Database::Impl::Close() {
  if (closed.exchange(true) || store == nullptr) return OkStatus();
  if (ailment.load() == Ailment::kLog) {
    store->Abandon();
    return Health();
  }
  return store->Close();
}

}  // namespace gateway::store
