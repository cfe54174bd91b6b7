// Who was heard: enrolled devices by their last admitted message, and strangers by their numbers
// of messages. In memory only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/model/ids.h"
#include "gateway/port/listening.h"

namespace gateway::ingest {

// Thread-safe. Bounded by kDevicesMax and kStrangersMax: the stranger not heard for longest goes.
class Heard {
 public:
  void Admitted(const DeviceId& device, Time now);

  // Returns whether it is new here: then the caller may decode the message and say what it yields.
  bool NoteStranger(std::string_view profile, std::string_view claim, bool secret, Time now);
  void NoteMetrics(std::string_view profile, std::string_view claim,
                   std::vector<std::string> metrics);

  std::optional<Time> LastHeard(const DeviceId& device) const;
  // A secret claim stands there as a tag. The newest first.
  std::vector<port::Stranger> Strangers() const;
  // The claims, in clear, of whoever is called `heard` (a claim or a tag), with the profiles that
  // read it.
  std::vector<port::Proposal> Find(std::string_view heard) const;

 private:
  struct Row {
    port::Stranger stranger;
    std::string claim;  // in clear
  };
  std::string NewTag() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::map<DeviceId, Time> last_ ABSL_GUARDED_BY(mutex_);
  std::vector<Row> strangers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::ingest
