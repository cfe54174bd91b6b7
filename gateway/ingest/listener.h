// What ingest knows about devices and the broker, put together for the operator: see port::Listening.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ingest/announcements.h"
#include "gateway/ingest/broker_control.h"
#include "gateway/ingest/heard.h"
#include "gateway/ingest/profile.h"
#include "gateway/port/intake.h"
#include "gateway/port/listening.h"

namespace gateway::ingest {

// What a profile says that its devices send.
struct Sending {
  std::vector<std::string> metrics;  // ids; empty: any
  Millis expects{0};                 // how often; 0: it does not say
};

// How often a device should be heard: as its profile says, or else the shortest interval of the
// metrics that it sends, as far as the rules admit them; of one that may send any metric the longest
// of those that it may. Nothing is expected where nothing is admitted, and no event at any time.
Millis ExpectedInterval(const port::EnrolledDevice& device, const Sending& sending,
                        const port::AdmissionTable& table);

struct ListenerParts {
  const Heard* heard = nullptr;
  const Announcements* announcements = nullptr;
  const port::Intake* intake = nullptr;
  std::vector<port::ProfileRow> profiles;
  std::vector<Profile> installed;  // the same
  std::function<Sending(const port::EnrolledDevice&)> sends;
  std::function<port::BrokerState()> broker;
  const BrokerControl* logins = nullptr;  // null if the gateway makes none
};

// Thread-safe, as its parts are, which must outlive it. Silence is measured from its creation on.
class Listener final : public port::Listening {
 public:
  explicit Listener(ListenerParts parts) : parts_(std::move(parts)), since_(parts_.intake->Now()) {}

  // Heard or announced, without those that were enrolled since.
  std::vector<port::Stranger> Strangers() const override;
  // Also returns FailedPrecondition if what was announced is on a topic of an enrolled device:
  // anybody may announce anything.
  StatusOr<port::Proposal> Propose(std::string_view heard,
                                   std::string_view profile) const override;
  std::optional<Time> LastHeard(const DeviceId& device) const override {
    return parts_.heard->LastHeard(device);
  }
  std::vector<port::DeviceHearing> Hearing() const override;
  std::vector<port::ProfileRow> Profiles() const override { return parts_.profiles; }
  port::BrokerState broker() const override { return parts_.broker(); }
  port::BrokerLogins logins() const override;
  bool IsAtBroker(std::string_view login) const override;

 private:
  Status CheckTopics(const port::Proposal& announced) const;

  const ListenerParts parts_;
  const Time since_;
};

}  // namespace gateway::ingest
