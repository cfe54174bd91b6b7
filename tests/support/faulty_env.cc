#include "tests/support/faulty_env.h"

#include <rocksdb/file_system.h>

#include <string>
#include <utility>

#include "gateway/base/mutex.h"

namespace gateway {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

struct FaultyEnv::State {
  // Counts one operation; OK, or how it fails.
  IOStatus Count(Fault::Landed* landed = nullptr) {
    const MutexLock lock(mutex);
    ++operations;
    if (fault.at == 0 || operations < fault.at) return IOStatus::OK();
    if (fault.once && operations > fault.at && operations != fault.also) return IOStatus::OK();
    ++failures;
    if (landed != nullptr) *landed = fault.landed;
    return fault.error == Fault::Error::kNoSpace ? IOStatus::NoSpace("no space left on the device")
                                                 : IOStatus::IOError("the device does not answer");
  }

  mutable Mutex mutex;
  Fault fault ABSL_GUARDED_BY(mutex);
  uint64_t operations ABSL_GUARDED_BY(mutex) = 0;
  uint64_t failures ABSL_GUARDED_BY(mutex) = 0;
};

namespace {

using State = FaultyEnv::State;

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::shared_ptr<State> state)
      : FSWritableFileOwnerWrapper(std::move(file)), state_(std::move(state)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    Fault::Landed landed = Fault::Landed::kNothing;
    IOStatus failed = state_->Count(&landed);
    if (failed.ok()) return FSWritableFileOwnerWrapper::Append(data, options, debug);
    Slice part = data;
    if (landed == Fault::Landed::kHalf) part = Slice(data.data(), data.size() / 2);
    if (landed != Fault::Landed::kNothing) {
      FSWritableFileOwnerWrapper::Append(part, options, debug).PermitUncheckedError();
    }
    return failed;
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo&, IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus failed = state_->Count();
    return failed.ok() ? FSWritableFileOwnerWrapper::Sync(options, debug) : failed;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus failed = state_->Count();
    return failed.ok() ? FSWritableFileOwnerWrapper::Fsync(options, debug) : failed;
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    IOStatus failed = state_->Count();
    return failed.ok() ? FSWritableFileOwnerWrapper::Flush(options, debug) : failed;
  }
  // Even if it fails the descriptor is gone.
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    IOStatus failed = state_->Count();
    IOStatus closed = FSWritableFileOwnerWrapper::Close(options, debug);
    return failed.ok() ? closed : failed;
  }

 private:
  const std::shared_ptr<State> state_;
};

class FaultyDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultyDirectory(std::unique_ptr<rocksdb::FSDirectory>&& directory, std::shared_ptr<State> state)
      : FSDirectoryWrapper(std::move(directory)), state_(std::move(state)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus failed = state_->Count();
    return failed.ok() ? FSDirectoryWrapper::Fsync(options, debug) : failed;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& why) override {
    IOStatus failed = state_->Count();
    return failed.ok() ? FSDirectoryWrapper::FsyncWithDirOptions(options, debug, why) : failed;
  }

 private:
  const std::shared_ptr<State> state_;
};

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(std::shared_ptr<State> state)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), state_(std::move(state)) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override {
    if (IOStatus failed = state_->Count(); !failed.ok()) return failed;
    IOStatus opened = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    if (opened.ok()) *result = std::make_unique<FaultyFile>(std::move(*result), state_);
    return opened;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    IOStatus failed = state_->Count();
    return failed.ok() ? FileSystemWrapper::RenameFile(from, to, options, debug) : failed;
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* debug) override {
    IOStatus failed = state_->Count();
    return failed.ok() ? FileSystemWrapper::LinkFile(from, to, options, debug) : failed;
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* debug) override {
    IOStatus failed = state_->Count();
    return failed.ok() ? FileSystemWrapper::DeleteFile(name, options, debug) : failed;
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* debug) override {
    IOStatus opened = FileSystemWrapper::NewDirectory(name, options, result, debug);
    if (opened.ok()) *result = std::make_unique<FaultyDirectory>(std::move(*result), state_);
    return opened;
  }

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace

FaultyEnv::FaultyEnv()
    : state_(std::make_shared<State>()),
      env_(rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(state_))) {}

FaultyEnv::~FaultyEnv() = default;

void FaultyEnv::Arm(const Fault& fault) {
  const MutexLock lock(state_->mutex);
  state_->fault = fault;
  state_->operations = 0;
  state_->failures = 0;
}

uint64_t FaultyEnv::operations() const {
  const MutexLock lock(state_->mutex);
  return state_->operations;
}

uint64_t FaultyEnv::failures() const {
  const MutexLock lock(state_->mutex);
  return state_->failures;
}

}  // namespace gateway
