// Home Assistant discovery as a source of proposals: from what a device announces, the text of a
// commons-profile/1 that reads that one device, with literal topics. Nothing is read by it until
// somebody enrols the device; the text is then kept with it, so that a later config, which anybody
// who may publish one can send, does not redirect it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/ingest/discovery_config.h"
#include "gateway/ingest/json_reader.h"
#include "gateway/port/listening.h"

namespace gateway::ingest {

// Where configs are published, retained.
inline constexpr std::string_view kDiscoveryFilters[] = {"homeassistant/+/+/config",
                                                         "homeassistant/+/+/+/config"};

// Thread-compatible. In memory only, bounded by kAnnouncedMax readings.
class HomeAssistant {
 public:
  // Takes note of one config, in place of what its topic said before; an empty payload forgets.
  // What cannot be taken is counted by reason: one for each component.
  void Note(std::string_view topic, std::string_view payload);

  struct Device {
    std::string claim;
    std::vector<std::string> metrics;
    std::vector<std::string> topics;  // where it sends them
  };
  std::vector<Device> Devices() const;  // by claim

  // What the device would be enrolled with; empty if nothing that it announced is held.
  std::optional<port::Proposal> Propose(std::string_view claim) const;

  uint64_t refused(DiscoveryRefusal reason) const {
    return refused_[static_cast<std::size_t>(reason)];
  }

 private:
  using Key = std::pair<std::string, std::string>;  // topic of the config, key of the component

  using ByTopic = std::map<std::string, std::vector<const Announced*>>;

  ByTopic OfDevice(std::string_view claim) const;
  std::optional<DiscoveryRefusal> Fits(const Announced& announced) const;
  void Forget(std::string_view topic);
  void Refuse(DiscoveryRefusal reason) { ++refused_[static_cast<std::size_t>(reason)]; }

  JsonReader json_;
  Fields fields_;
  std::map<Key, Announced> announced_;
  std::array<uint64_t, static_cast<std::size_t>(DiscoveryRefusal::kCount)> refused_{};
};

}  // namespace gateway::ingest
