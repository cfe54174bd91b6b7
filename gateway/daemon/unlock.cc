#include "gateway/daemon/unlock.h"

#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "gateway/admin/locked.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/base/mutex.h"
#include "gateway/crypto/secret.h"
#include "gateway/crypto/slot_secret.h"
#include "gateway/daemon/process.h"

namespace gateway::daemon {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kSmallFileBytesMax = 64u << 10;
constexpr int kFreeTries = 5;
constexpr int kDoublingsMax = 9;
constexpr seconds kDelayMax{300};
// A signal handler can set `stop` but cannot wake a condition variable.
constexpr std::chrono::milliseconds kStopPoll{200};

Status CheckPrivate(const std::string& what, const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return FailedPrecondition("%s %s: mode %04o lets others at it; chmod 600 it", what, path,
                              info.st_mode & 07777);
  }
  return OkStatus();
}

StatusOr<crypto::MasterKeys> OpenMasters(const Arguments& arguments,
                                         const crypto::SecretKey& secret) {
  const std::string path = arguments.dir + "/keyslots";
  RETURN_IF_ERROR(CheckPrivate("file", path));
  ASSIGN_OR_RETURN(const std::string bytes, ReadOwn(arguments, "keyslots"));
  const auto slots = crypto::ParseKeyslots(bytes);
  if (!slots.ok()) return Annotate(slots.status(), path);
  return crypto::OpenMasters(*slots, secret);
}

// Empty if there is no key file.
StatusOr<std::optional<crypto::MasterKeys>> OpenWithKeyFile(const Arguments& arguments,
                                                            const std::string& key_path) {
  if (key_path.empty()) return std::optional<crypto::MasterKeys>();
  auto key_file = ReadFile(key_path, kSmallFileBytesMax);
  if (key_file.status().code() == StatusCode::kNotFound) return std::optional<crypto::MasterKeys>();
  if (!key_file.ok()) return key_file.status();
  const auto secret = crypto::SecretOfKeyFile(*key_file);
  crypto::Wipe(key_file->data(), key_file->size());
  RETURN_IF_ERROR(CheckPrivate("key file", key_path));
  if (!secret.ok()) return Annotate(secret.status(), "key file " + key_path);
  auto masters = OpenMasters(arguments, *secret);
  if (!masters.ok()) return Annotate(masters.status(), "key file " + key_path);
  return std::optional<crypto::MasterKeys>(*std::move(masters));
}

// What the socket's thread has for the waiting one.
class Doorbell {
 public:
  Status Try(const Arguments& arguments, std::string& secret_bytes) {
    const MutexLock lock(mutex_);
    if (masters_.has_value()) return OkStatus();
    RETURN_IF_ERROR(delay_.MayTry(steady_clock::now()));
    const auto secret = crypto::SecretKey::FromBytes(secret_bytes);
    crypto::Wipe(secret_bytes.data(), secret_bytes.size());
    if (!secret.ok()) return secret.status();
    auto masters = OpenMasters(arguments, *secret);
    if (!masters.ok()) {
      if (masters.status().code() == StatusCode::kPermissionDenied) {
        delay_.Failed(steady_clock::now());
        Log(LogLevel::kError, "unlock: a secret that opens no keyslot was refused");
      }
      return masters.status();
    }
    masters_ = *std::move(masters);
    rung_.NotifyAll();
    return OkStatus();
  }

  std::optional<crypto::MasterKeys> Wait(const std::atomic<bool>& stop) {
    const MutexLock lock(mutex_);
    while (!masters_.has_value() && !stop.load()) {
      rung_.WaitUntil(mutex_, steady_clock::now() + kStopPoll);
    }
    return std::exchange(masters_, std::nullopt);
  }

 private:
  Mutex mutex_;
  CondVar rung_;
  TryDelay delay_ ABSL_GUARDED_BY(mutex_);
  std::optional<crypto::MasterKeys> masters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

Status TryDelay::MayTry(TimePoint now) const {
  if (now >= next_) return OkStatus();
  const auto wait = std::chrono::ceil<seconds>(next_ - now).count();
  return ResourceExhausted("%d wrong tries; wait %d s before the next", failed_, wait);
}

void TryDelay::Failed(TimePoint now) {
  ++failed_;
  if (failed_ < kFreeTries) return;
  const int doublings = std::min(failed_ - kFreeTries, kDoublingsMax);
  next_ = now + std::min(seconds(1 << doublings), kDelayMax);
}

StatusOr<std::string> ReadOwn(const Arguments& arguments, std::string_view name) {
  auto text = ReadFile(arguments.dir + "/" + std::string(name), kSmallFileBytesMax);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) {
    return FailedPrecondition("directory %s: no %s in it; make a gateway with `commons init`",
                              arguments.dir, name);
  }
  return text;
}

StatusOr<std::optional<crypto::MasterKeys>> ObtainMasters(const Arguments& arguments,
                                                          const Config& config,
                                                          const std::atomic<bool>& stop) {
  ASSIGN_OR_RETURN(std::optional<crypto::MasterKeys> masters,
                   OpenWithKeyFile(arguments, config.key_file));
  if (masters.has_value()) return masters;
  RETURN_IF_ERROR(CheckPrivate("file", arguments.dir + "/keyslots"));
  Doorbell doorbell;
  ASSIGN_OR_RETURN(const std::unique_ptr<admin::LockedServer> server,
                   admin::LockedServer::Start(
                       arguments.dir + "/admin.sock", config.gateway.value(),
                       [&](std::string& secret) { return doorbell.Try(arguments, secret); }));
  Log(LogLevel::kInfo, "%s is locked: %s; open it with `commons unlock`", config.gateway.value(),
      config.key_file.empty() ? std::string("no key file is configured")
                              : "key file " + config.key_file + " is not there");
  NotifySystemd("READY=1\nSTATUS=locked: open it with commons unlock");
  masters = doorbell.Wait(stop);
  server->Stop();
  return masters;
}

}  // namespace gateway::daemon
