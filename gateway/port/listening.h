// What ingest knows about devices and the broker, for the operator: in memory only, nothing of it
// is stored. Implemented by ingest; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/ids.h"

namespace gateway::port {

// A device that publishes and is not enrolled. Shown on this machine only.
struct Stranger {
  std::string profile;  // that reads its messages
  std::string claim;    // what it calls itself; of a secret one a short tag, the same for its life here
  bool secret = false;
  std::vector<std::string> metrics;  // that its messages would yield
  // Where they come: of one that was announced; of one that was heard its profile says it.
  std::vector<std::string> topics;
  uint64_t messages = 0;
  Time first, last;
};

struct BrokerState {
  bool connected = false;             // and every subscription confirmed
  std::vector<std::string> warnings;  // one sentence each, with the remedy; empty if all is well
  uint64_t dropped = 0;               // messages that the broker says it dropped, since it started
  uint64_t sessions_lost = 0;         // since the process started
};

struct ProfileRow {
  std::string id;
  std::string about;
  std::vector<std::string> topics;   // templates
  std::vector<std::string> metrics;  // that it can yield
};

// What a device of a stranger would be enrolled with.
struct Proposal {
  std::string profile;
  std::string claim;
  bool secret = false;
  std::string own_profile;
};

// An enrolled device and its silence.
struct DeviceHearing {
  DeviceId device;
  std::optional<Time> last;  // as LastHeard
  Millis expected{0};        // how often it should be heard; 0: nobody knows
  std::string_view state;    // HearingState
};

// The logins that the gateway makes at the broker, of devices and of programs.
struct BrokerLogins {
  bool made = false;       // by configuration
  uint64_t wanted = 0;     // in the registry
  uint64_t present = 0;    // of them at the broker, as far as is known
  std::string problem;     // why they are not all there, with the remedy; empty if all is well
};

class Listening {
 public:
  virtual ~Listening() = default;
  virtual std::vector<Stranger> Strangers() const = 0;
  // `heard` is a stranger's claim or tag.
  // Returns NotFound if nothing of that name was heard, FailedPrecondition if several profiles read
  // its messages and `profile` is empty.
  virtual StatusOr<Proposal> Propose(std::string_view heard, std::string_view profile) const = 0;
  // When a message of an enrolled device was admitted last; empty: not since the process started.
  virtual std::optional<Time> LastHeard(const DeviceId& device) const = 0;
  // Every enrolled device, since the process started.
  virtual std::vector<DeviceHearing> Hearing() const { return {}; }
  virtual std::vector<ProfileRow> Profiles() const = 0;
  virtual BrokerState broker() const = 0;
  virtual BrokerLogins logins() const { return {}; }
  // Whether the broker has been told of this login.
  virtual bool IsAtBroker(std::string_view /*login*/) const { return false; }
};

// "ok", "stopped" (not heard for three times as long as it should be), "never" (nothing since
// `since`, which is longer ago than that), "starting" (nothing yet), "-" (nothing is expected).
std::string_view HearingState(std::optional<Time> last_heard, Millis expected, Time since,
                              Time now);

}  // namespace gateway::port
