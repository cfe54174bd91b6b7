// What ingest needs from the core: whether a series may be collected, a durable place for its
// readings, and the counters of invariant I8. Implemented by the pipeline; called on the MQTT
// receive thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/model/metric.h"
#include "gateway/model/reading.h"
#include "gateway/port/door.h"

namespace gateway::port {

// The rules' answer at the door for one series.
struct Admission {
  DoorCode code = DoorCode::kUnknownDevice;
  RuleId rule;  // the determining rule; empty when there is none to name
  // The following are set exactly when code is kAdmitted.
  OwnerKind owner_kind = OwnerKind::kHousehold;
  OwnerId owner;
  SeriesId series;
  const Metric* metric = nullptr;  // lives as long as the AdmissionTable it came from
};

// An immutable picture of who may publish what. The pipeline publishes a new one with every
// change of the registry or the rules; holding one keeps it alive. Thread-safe.
class AdmissionTable {
 public:
  virtual ~AdmissionTable() = default;
  // Checks device, then household or place, then metric; the first failure is the answer.
  virtual const Admission& Find(std::string_view device, std::string_view metric) const = 0;
};

// One MQTT message on its way in.
struct Delivery {
  std::string_view topic;
  std::string_view payload;
  bool retained = false;
  bool redelivered = false;  // the DUP flag
};

class Intake {
 public:
  virtual ~Intake() = default;

  virtual std::shared_ptr<const AdmissionTable> admissions() const = 0;

  // The gateway's time, and whether stamps may be compared with it (not under a replay clock).
  virtual Time Now() const = 0;
  virtual bool ComparesStampsWithNow() const = 0;

  // Counts `observations` as received, in hand. Each must be settled or appended afterwards.
  virtual void Received(uint32_t observations) = 0;

  // Ends the life of one observation in hand that will not be stored.
  virtual void Refused(DoorCode code) = 0;

  // Seals the readings of one message of one owner into the journal. OK means that they are in
  // the write-ahead log: the message may be acknowledged. A redelivered message that is already
  // in the journal is settled as a duplicate and is OK.
  // Returns Unavailable or ResourceExhausted if the disk refused, with nothing kept: try again.
  virtual Status Append(const Delivery& delivery, const Admission& admission,
                        std::span<const Reading> readings) = 0;
};

}  // namespace gateway::port
