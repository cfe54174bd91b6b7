// What ingest needs from the core: whether a series may be collected, a durable place for its
// readings, and the counters of invariant I8. Implemented by the pipeline; called on the MQTT
// receive thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/model/metric.h"
#include "gateway/model/reading.h"
#include "gateway/model/time.h"
#include "gateway/port/door.h"

namespace gateway::port {

// The rules' answer at the door for one series.
struct Admission {
  DoorCode code = DoorCode::kUnknownDevice;
  RuleId rule;  // the determining rule; empty when there is none to name
  // The following are set exactly when code is kAdmitted; owner and device also for every other
  // code that is about the metric.
  OwnerKind owner_kind = OwnerKind::kHousehold;
  OwnerId owner;
  DeviceId device;  // as the operator calls it
  SeriesId series;
  const Metric* metric = nullptr;  // lives as long as the AdmissionTable it came from
  // What the collect rule blurs before anything is written; 0: nothing.
  int64_t coarsen_step = 0;   // values become the nearest multiple
  Millis coarsen_every{0};    // one reading of each such span, stamped with its start
};

// A device's own profile as ingest reads it: made once, when the gateway learns of the device, because
// that is slow, and kept beside it. Immutable.
class OwnProfile {
 public:
  virtual ~OwnProfile() = default;
  virtual std::size_t filters() const = 0;  // how many topics it has to be subscribed to
};

// Of its text, whatever that is; never null.
using ReadOwnProfile = std::function<std::shared_ptr<const OwnProfile>(const std::string& text)>;

// A device as it was enrolled.
struct EnrolledDevice {
  DeviceId device;          // as the operator calls it
  std::string profile;      // id of the profile that reads its messages
  std::string claim;        // as topics and payloads call it; often the same
  bool secret = false;      // the claim is a credential: shown to nobody
  std::string own_profile;  // text of a profile made for it alone; then `profile` is that one's id
  // Of the broker, for this device alone; empty if the gateway provisions none.
  std::string login;
  std::string password;
  // How often it should be heard if its profile does not say what it sends: the longest interval of
  // the metrics that it may send; 0: none.
  Millis expected{0};
  // As own_profile says; null if that is empty, or if nobody reads it.
  std::shared_ptr<const OwnProfile> own;
};

// How logins begin that gateways make; what begins otherwise at the broker is somebody else's.
inline constexpr std::string_view kLoginPrefix = "commons-";

// A login of the broker for a program that publishes for many devices of one profile.
struct BridgeLogin {
  std::string name;  // as the operator calls it
  std::string profile;
  std::string login;
  std::string password;
};

// What is known of a series' numbers besides its metric, in steps of the metric's resolution.
struct SeriesTraits {
  // A counter's index starts again at 0 when it reaches this.
  std::optional<int64_t> rollover;
  // The largest plausible increase in one Metric::interval.
  std::optional<int64_t> step_max;
};

// What the profile of a device says of its series; nothing if it says nothing.
using TraitsOf = std::function<SeriesTraits(const EnrolledDevice&, const Metric&)>;

// What the core asks of whoever reads profiles; each may be null. Thread-safe.
struct ProfileFacts {
  TraitsOf traits;
  ReadOwnProfile read_own;
};

// An immutable picture of who may publish what. The pipeline publishes a new one with every
// change of the registry or the rules; holding one keeps it alive. Thread-safe.
class AdmissionTable {
 public:
  virtual ~AdmissionTable() = default;
  // Checks device, then household or place, then metric; the first failure is the answer. `claim`
  // is what topic or payload called the device.
  virtual const Admission& Find(std::string_view profile, std::string_view claim,
                                std::string_view metric) const = 0;
  // The part of that answer which does not depend on the metric. The claim "plug-7:*" asks whether
  // any part of plug-7 is there: "plug-7:0", "plug-7:1".
  virtual DoorCode FindDevice(std::string_view profile, std::string_view claim) const = 0;

  // In no order. A device of which nothing changed is the same object in the next table.
  virtual std::span<const std::shared_ptr<const EnrolledDevice>> devices() const = 0;
  virtual std::span<const BridgeLogin> bridges() const { return {}; }
  // The commons' civil time, in which devices mean their local times.
  virtual const TimeZone& time_zone() const = 0;
};

// One MQTT message on its way in.
struct Delivery {
  std::string_view topic;
  std::string_view payload;
  bool retained = false;
  bool redelivered = false;  // the DUP flag
  Millis waited_max{0};      // how long the broker may have kept it; 0: it came when it was sent
};

// An observation that passed the door.
struct Admitted {
  const Admission* admission = nullptr;  // of the table that the caller holds
  Reading reading;
};

// Why a message is put aside, and how things were when it came.
struct PutAside {
  const Admission& admission;  // of the value that cannot be believed
  DoorCode code;               // why
  Time arrival;
  bool clock_sound = true;
  bool numbered = false;
  std::span<const Admitted> beside;  // values of the same message that are appended
};

class Intake {
 public:
  virtual ~Intake() = default;

  virtual std::shared_ptr<const AdmissionTable> admissions() const = 0;

  // The gateway's time, and whether it may be believed.
  virtual Time Now() const = 0;
  virtual bool ClockSound() const = 0;
  // Whether stamps may be compared with Now(): not under a replay clock, nor an unsound one.
  virtual bool ComparesStampsWithNow() const = 0;

  // Counts `observations` as received, in hand. Each must be settled or appended afterwards.
  virtual void Received(uint32_t observations) = 0;

  // Ends the life of one observation in hand that will not be stored.
  virtual void Refused(DoorCode code) = 0;

  // Seals the readings of one message, at most kObservationsPerMessageMax, into the journal: one
  // row per owner, all or none. OK means that they are in the write-ahead log: the message may be
  // acknowledged. A redelivered message that is already in the journal is settled as a duplicate
  // and is OK; so is any repeated one if `numbered`: its payload has a sequence number.
  // Returns Unavailable or ResourceExhausted if the disk refused, with nothing kept: try again.
  virtual Status Append(const Delivery& delivery, std::span<const Admitted> readings,
                        bool numbered) = 0;

  // Keeps the message for the operator to look at and to try again, sealed under the owner of the
  // admission, if there is room. Best effort: what is lost here was counted by Refused.
  virtual void Quarantine(const Delivery& delivery, const PutAside& aside) = 0;
};

}  // namespace gateway::port
