#include "gateway/store/high_water.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/crypto/hash.h"

namespace gateway::store {
namespace {

constexpr std::string_view kMagic = "cg-hw/1\n";
constexpr std::size_t kSumBytes = 16;
constexpr std::size_t kSlotBytes = 8 + 4 * 8 + kSumBytes;
// Apart from each other, so that no sector or flash page holds both.
constexpr std::size_t kSlotDistance = 4096;
constexpr std::size_t kFileBytes = 2 * kSlotDistance;

struct Slot {
  uint64_t writes = 0;
  Mark mark;
};

std::string Encode(const Slot& slot) {
  ByteWriter out;
  out.Raw(kMagic).U64(slot.writes).U64(slot.mark.changes).U64(slot.mark.journal);
  out.U64(slot.mark.ledger);
  const std::string sum = crypto::Blake2b128(out.bytes());
  return out.Raw(sum).Take();
}

std::optional<Slot> Decode(std::string_view file, std::size_t at) {
  if (file.size() < at + kSlotBytes) return std::nullopt;
  const std::string_view bytes = file.substr(at, kSlotBytes);
  const std::string_view summed = bytes.substr(0, kSlotBytes - kSumBytes);
  if (!bytes.starts_with(kMagic) || bytes.substr(summed.size()) != crypto::Blake2b128(summed)) {
    return std::nullopt;
  }
  ByteReader in(summed.substr(kMagic.size()));
  Slot slot;
  slot.writes = in.U64();
  slot.mark = {.changes = in.U64(), .journal = in.U64(), .ledger = in.U64()};
  return slot;
}

Status WriteAt(const std::string& path, std::string_view bytes, std::size_t at) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return Unavailable("file %s: %s", path, std::strerror(errno));
  const ssize_t written = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
  const bool done = written == static_cast<ssize_t>(bytes.size()) && fdatasync(fd) == 0;
  const int error = errno;
  close(fd);
  return done ? OkStatus() : Unavailable("file %s: %s", path, std::strerror(error));
}

}  // namespace

StatusOr<std::unique_ptr<HighWater>> HighWater::Open(const std::string& dir) {
  std::unique_ptr<HighWater> high_water(new HighWater(dir + "/high-water"));
  const StatusOr<std::string> file = ReadFile(high_water->path_, kFileBytes);
  if (file.status().code() == StatusCode::kNotFound) return high_water;
  if (file.status().code() == StatusCode::kUnavailable) return file.status();
  high_water->found_ = Found::kDamaged;
  if (!file.ok()) return high_water;
  const MutexLock lock(high_water->mutex_);
  for (const std::size_t at : {std::size_t{0}, kSlotDistance}) {
    const std::optional<Slot> slot = Decode(*file, at);
    if (!slot.has_value() || slot->writes < high_water->writes_) continue;
    high_water->found_ = Found::kWhole;
    high_water->writes_ = slot->writes;
    high_water->mark_ = slot->mark;
  }
  // Writing goes on in place only in a file that has room for both.
  if (file->size() != kFileBytes) high_water->writes_ = 0;
  return high_water;
}

Mark HighWater::mark() const {
  const MutexLock lock(mutex_);
  return mark_;
}

Status HighWater::Write(const Mark& mark) {
  const MutexLock lock(mutex_);
  const Slot slot{.writes = writes_ + 1, .mark = mark};
  if (writes_ == 0) {
    std::string file(kFileBytes, '\0');
    file.replace(slot.writes % 2 * kSlotDistance, kSlotBytes, Encode(slot));
    RETURN_IF_ERROR(WriteFile(path_, file, FileMode::kPrivate, IfExists::kReplace));
  } else {
    RETURN_IF_ERROR(WriteAt(path_, Encode(slot), slot.writes % 2 * kSlotDistance));
  }
  writes_ = slot.writes;
  mark_ = mark;
  return OkStatus();
}

std::string Entries(std::string_view log, uint64_t first, uint64_t last) {
  if (first == last) return Format("%s entry %u", log, first);
  return Format("%s entries %u to %u", log, first, last);
}

std::vector<Loss> Shortfall(const Mark& known, const Mark& now, Time found) {
  std::vector<Loss> losses;
  if (now.changes < known.changes) {
    losses.push_back({.what = Format("the last %u changes of the store", known.changes - now.changes),
                      .file = "",
                      .found = found});
  }
  if (now.journal < known.journal) {
    losses.push_back({.what = Entries("journal", now.journal + 1, known.journal),
                      .file = "",
                      .found = found});
  }
  if (now.ledger < known.ledger) {
    losses.push_back({.what = Entries("ledger", now.ledger, known.ledger - 1),
                      .file = "",
                      .found = found,
                      .ledger = true});
  }
  return losses;
}

}  // namespace gateway::store
