// One discovery config of Home Assistant's MQTT integration: from its topic and JSON to the readings
// that it announces, each as a profile could say it. Pure; home_assistant.h keeps them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/ingest/fields.h"

namespace gateway::ingest {

enum class DiscoveryRefusal : uint8_t {
  kTopic,       // not of the form homeassistant/COMPONENT/[NODE/]OBJECT/config
  kMalformed,   // no JSON object, or a field of the wrong type
  kComponent,   // neither sensor nor binary_sensor
  kClass,       // a device class, or a state class of it, that is no metric of ours
  kUnit,        // none, or one that does not convert to the metric's
  kTemplate,    // more than a path into the payload
  kStateTopic,  // none, too long, or with wildcards, '$' in front, braces or control characters
  kStates,      // payloads for on and off that are no words, or the same
  kTwice,       // another of the device's announced the metric before
  kText,        // a topic, path or word with characters that a profile cannot hold
  kMixed,       // the same topic was announced as JSON and as a bare value
  kFull,        // there is no room for more
  kCount,
};

// "topic", "malformed", "state-topic", …
std::string_view DiscoveryRefusalName(DiscoveryRefusal refusal);

// homeassistant/COMPONENT/[NODE/]OBJECT/config; views into the topic.
struct DiscoveryTopic {
  std::string_view component, node, object;
};
std::optional<DiscoveryTopic> ParseDiscoveryTopic(std::string_view topic);

struct Announced {
  std::string key;     // of the component in a device's config; "" in a component's own
  std::string claim;   // what the device is called
  std::string metric;  // "power"
  std::string topic;   // literal
  std::string path;    // in a profile's syntax; "" for a bare value
  std::string unit;    // "" for states
  std::string on, off;  // texts of a state
};

struct DiscoveryConfig {
  std::vector<Announced> announced;
  std::vector<DiscoveryRefusal> refused;  // one per component that is not announced
};

// `fields` are those of the config's JSON. Abbreviated names and the base topic `~` are understood;
// so are configs of whole devices (component "device"), whose components inherit the topic of their
// state from the root. The device is called by its first identifier, else by its first connection,
// else by the topic's node or object; characters other than [A-Za-z0-9._-] become '-'.
DiscoveryConfig ReadDiscoveryConfig(const DiscoveryTopic& topic, const Fields& fields);

}  // namespace gateway::ingest
