#include "gateway/store/log_files.h"

#include <filesystem>
#include <utility>

namespace gateway::store {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// One log: RocksDB writes, syncs and closes it, and we sync it too.
class LogFiles::Log {
 public:
  explicit Log(std::unique_ptr<rocksdb::FSWritableFile> file) : file_(std::move(file)) {}

  rocksdb::FSWritableFile& file() const { return *file_; }

  // Does it unless something failed before, and remembers if it fails.
  template <typename Operation>
  IOStatus Do(Operation operation) {
    {
      const MutexLock lock(mutex_);
      if (!failure_.ok()) return failure_;
    }
    IOStatus done = operation(*file_);
    if (!done.ok()) {
      const MutexLock lock(mutex_);
      failure_ = done;
    }
    return done;
  }

  IOStatus Sync() {
    const MutexLock lock(closing_);
    // RocksDB closes a log once it is synced or not needed any more.
    if (closed_) return IOStatus::OK();
    return Do([](auto& file) { return file.Sync(IOOptions(), nullptr); });
  }

  IOStatus Close(const IOOptions& options, IODebugContext* debug) {
    const MutexLock lock(closing_);
    closed_ = true;
    return file_->Close(options, debug);
  }

 private:
  const std::unique_ptr<rocksdb::FSWritableFile> file_;
  Mutex closing_;  // held while we sync: the descriptor may be another file's once it is closed
  bool closed_ ABSL_GUARDED_BY(closing_) = false;
  Mutex mutex_;
  IOStatus failure_ ABSL_GUARDED_BY(mutex_);
};

class LogFiles::WatchedFile final : public rocksdb::FSWritableFileWrapper {
 public:
  explicit WatchedFile(std::shared_ptr<Log> log)
      : FSWritableFileWrapper(&log->file()), log_(std::move(log)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return log_->Do([&](auto& file) { return file.Append(data, options, debug); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* debug) override {
    return log_->Do([&](auto& file) { return file.Append(data, options, info, debug); });
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return log_->Do([&](auto& file) { return file.Flush(options, debug); });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return log_->Do([&](auto& file) { return file.Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return log_->Do([&](auto& file) { return file.Fsync(options, debug); });
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions& options,
                     IODebugContext* debug) override {
    return log_->Do([&](auto& file) { return file.RangeSync(offset, bytes, options, debug); });
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return log_->Close(options, debug);
  }

 private:
  const std::shared_ptr<Log> log_;
};

LogFiles::LogFiles(std::shared_ptr<rocksdb::FileSystem> below)
    : FileSystemWrapper(std::move(below)) {}

IOStatus LogFiles::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                   std::unique_ptr<rocksdb::FSWritableFile>* result,
                                   IODebugContext* debug) {
  IOStatus made = FileSystemWrapper::NewWritableFile(name, options, result, debug);
  const std::filesystem::path path(name);
  if (!made.ok() || path.extension() != ".log") return made;
  auto log = std::make_shared<Log>(std::move(*result));
  *result = std::make_unique<WatchedFile>(log);
  const MutexLock lock(mutex_);
  std::erase_if(logs_, [](const auto& old) { return old.expired(); });
  logs_.push_back(log);
  dir_ = path.parent_path().string();
  ++made_;
  return made;
}

IOStatus LogFiles::DeleteFile(const std::string& name, const IOOptions& options,
                              IODebugContext* debug) {
  IOStatus deleted = FileSystemWrapper::DeleteFile(name, options, debug);
  if (!deleted.ok() && !deleted.IsPathNotFound()) {
    const MutexLock lock(mutex_);
    if (deleted_.ok()) deleted_ = deleted;
  }
  return deleted;
}

IOStatus LogFiles::deleted() const {
  const MutexLock lock(mutex_);
  return deleted_;
}

IOStatus LogFiles::Sync() {
  std::vector<std::shared_ptr<Log>> logs;
  std::string dir;
  uint64_t made = 0;
  {
    const MutexLock lock(mutex_);
    for (const std::weak_ptr<Log>& log : logs_) {
      if (auto open = log.lock(); open != nullptr) logs.push_back(std::move(open));
    }
    if (named_ < made_) dir = dir_;
    made = made_;
  }
  for (const std::shared_ptr<Log>& log : logs) {
    if (IOStatus synced = log->Sync(); !synced.ok()) return synced;
  }
  if (dir.empty()) return IOStatus::OK();
  std::unique_ptr<rocksdb::FSDirectory> directory;
  IOStatus named = NewDirectory(dir, IOOptions(), &directory, nullptr);
  if (named.ok()) named = directory->Fsync(IOOptions(), nullptr);
  if (!named.ok()) return named;
  const MutexLock lock(mutex_);
  named_ = made;
  return named;
}

}  // namespace gateway::store
