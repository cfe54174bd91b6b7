#include "gateway/ingest/discovery_config.h"

#include <algorithm>
#include <array>

#include "gateway/ingest/value_template.h"
#include "gateway/model/limits.h"
#include "gateway/model/unit.h"

namespace gateway::ingest {
namespace {

constexpr std::size_t kClaimBytesMax = 64;
constexpr std::size_t kWordBytesMax = 64;
// Shorter than a topic may be, so that the profile of a device with every metric fits where it is
// kept (home_assistant_test).
constexpr std::size_t kStateTopicBytesMax = 256;

// What a class of Home Assistant is here.
struct Class {
  std::string_view name, metric, unit;
  bool counter = false;  // an index that grows: state class total or total_increasing
};
constexpr Class kSensors[] = {
    {"energy", "energy-index", "Wh", true},
    {"gas", "gas-index", "m3", true},
    {"power", "power", "W"},
    {"voltage", "voltage", "V"},
    {"current", "current", "A"},
    {"temperature", "temperature", "degC"},
    {"humidity", "humidity", "%RH"},
    {"pressure", "pressure", "hPa"},
    {"atmospheric_pressure", "pressure", "hPa"},
    {"pm10", "pm10", "ug/m3"},
    {"pm25", "pm2-5", "ug/m3"},
    {"carbon_dioxide", "co2", "ppm"},
    {"sound_pressure", "noise", "dB"},
    {"illuminance", "illuminance", "lx"},
    {"battery", "battery", "%"},
};


// What this file asks for, by its short name and its long one.
struct Abbreviation {
  std::string_view brief, full;
};
constexpr Abbreviation kAbbreviations[] = {
    {"dev", "device"},         {"cmps", "components"},  {"ids", "identifiers"},
    {"cns", "connections"},    {"p", "platform"},       {"dev_cla", "device_class"},
    {"stat_cla", "state_class"}, {"stat_t", "state_topic"}, {"unit_of_meas", "unit_of_measurement"},
    {"val_tpl", "value_template"}, {"pl_on", "payload_on"}, {"pl_off", "payload_off"},
};

std::string_view FullName(std::string_view name) {
  for (const Abbreviation& abbreviation : kAbbreviations) {
    if (abbreviation.brief == name) return abbreviation.full;
  }
  return name;
}

struct Component {
  std::string_view key;
  std::string_view platform, device_class, state_class, state_topic, unit, value_template, base;
  std::string_view on = "ON", off = "OFF";
  std::size_t fields = 0;
  bool malformed = false;
};

void Set(Component& component, std::string_view name, const Field& field) {
  ++component.fields;
  // Whatever is written for on and off, it is its text that a payload will show.
  if (name == "payload_on") component.on = field.text;
  if (name == "payload_off") component.off = field.text;
  const struct {
    std::string_view name;
    std::string_view Component::*member;
  } texts[] = {{"platform", &Component::platform},
               {"device_class", &Component::device_class},
               {"state_class", &Component::state_class},
               {"state_topic", &Component::state_topic},
               {"unit_of_measurement", &Component::unit},
               {"value_template", &Component::value_template},
               {"~", &Component::base}};
  for (const auto& text : texts) {
    if (name != text.name || field.kind == FieldKind::kNull) continue;
    if (field.kind != FieldKind::kText) component.malformed = true;
    component.*text.member = field.text;
  }
}

// The parts of a config that matter, in one pass over its fields.
struct Config {
  Component root;
  std::vector<Component> components;  // of a device's config
  std::string_view identifier, connection;

  explicit Config(const Fields& fields) {
    for (const Field& field : fields.fields) Take(fields.steps.data() + field.first_step, field);
  }

 private:
  void Take(const Field::Step* steps, const Field& field) {
    if (field.steps == 0 || steps[0].index >= 0) return;
    const std::string_view name = FullName(steps[0].key);
    if (field.steps == 1) Set(root, name, field);
    if (field.steps > 1 && name == "device") TakeDevice(steps, field);
    if (field.steps > 1 && name == "components" && steps[1].index < 0) {
      Component& component = Find(steps[1].key);
      if (field.steps == 3 && steps[2].index < 0) Set(component, FullName(steps[2].key), field);
    }
  }

  void TakeDevice(const Field::Step* steps, const Field& field) {
    const std::string_view name = FullName(steps[1].key);
    if (field.kind != FieldKind::kText && field.kind != FieldKind::kNumber) return;
    const bool first = field.steps == 2 || (field.steps == 3 && steps[2].index == 0);
    if (name == "identifiers" && first) identifier = field.text;
    // [["mac", "18de50e14433"], …]
    if (name == "connections" && field.steps == 4 && steps[2].index == 0 && steps[3].index == 1) {
      connection = field.text;
    }
  }

  Component& Find(std::string_view key) {
    for (Component& component : components) {
      if (component.key == key) return component;
    }
    return components.emplace_back(Component{.key = key});
  }
};

bool HasControls(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string ClaimOf(const DiscoveryTopic& topic, const Config& config) {
  std::string claim;
  for (const std::string_view text :
       {config.identifier, config.connection, topic.node, topic.object}) {
    claim = text.substr(0, kClaimBytesMax);
    if (!claim.empty()) break;
  }
  for (char& c : claim) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
    if (!plain) c = '-';
  }
  return claim;
}

// `~` at either end stands for the base topic.
std::string WithBase(std::string_view topic, std::string_view base) {
  if (base.empty()) return std::string(topic);
  if (topic.starts_with('~')) return std::string(base) + std::string(topic.substr(1));
  if (topic.ends_with('~')) {
    return std::string(topic.substr(0, topic.size() - 1)) + std::string(base);
  }
  return std::string(topic);
}

bool IsStateTopic(std::string_view topic) {
  return !topic.empty() && topic.size() <= kStateTopicBytesMax && !topic.starts_with('$') &&
         topic.find_first_of("+#{}") == std::string_view::npos && !HasControls(topic) &&
         !topic.starts_with('/') && !topic.ends_with('/') &&
         topic.find("//") == std::string_view::npos;
}

bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= kWordBytesMax && !HasControls(text);
}

std::optional<DiscoveryRefusal> ReadSensor(const Component& component, Announced& announced) {
  const auto* found = std::ranges::find(kSensors, component.device_class, &Class::name);
  if (found == std::end(kSensors)) return DiscoveryRefusal::kClass;
  const bool total =
      component.state_class == "total" || component.state_class == "total_increasing";
  const bool level = component.state_class.empty() || component.state_class == "measurement";
  if (found->counter ? !total : !level) return DiscoveryRefusal::kClass;
  if (!ConvertUnit(component.unit, found->unit)) return DiscoveryRefusal::kUnit;
  announced.metric = found->metric;
  announced.unit = component.unit;
  return std::nullopt;
}

std::optional<DiscoveryRefusal> ReadBinarySensor(const Component& component, Announced& announced) {
  if (component.device_class != "occupancy" && component.device_class != "motion") {
    return DiscoveryRefusal::kClass;
  }
  if (!IsWord(component.on) || !IsWord(component.off) || component.on == component.off) {
    return DiscoveryRefusal::kStates;
  }
  announced.metric = "occupancy";
  announced.on = component.on;
  announced.off = component.off;
  return std::nullopt;
}

std::optional<DiscoveryRefusal> Read(const Component& component, std::string_view platform,
                                     Announced& announced) {
  if (component.malformed) return DiscoveryRefusal::kMalformed;
  std::optional<DiscoveryRefusal> refusal = DiscoveryRefusal::kComponent;
  if (platform == "sensor") refusal = ReadSensor(component, announced);
  if (platform == "binary_sensor") refusal = ReadBinarySensor(component, announced);
  if (refusal) return refusal;
  announced.topic = WithBase(component.state_topic, component.base);
  if (!IsStateTopic(announced.topic)) return DiscoveryRefusal::kStateTopic;
  const std::optional<std::string> path = PathOfTemplate(component.value_template);
  if (!path) return DiscoveryRefusal::kTemplate;
  announced.path = *path;
  return std::nullopt;
}

}  // namespace

std::string_view DiscoveryRefusalName(DiscoveryRefusal refusal) {
  switch (refusal) {
    case DiscoveryRefusal::kTopic: return "topic";
    case DiscoveryRefusal::kMalformed: return "malformed";
    case DiscoveryRefusal::kComponent: return "component";
    case DiscoveryRefusal::kClass: return "class";
    case DiscoveryRefusal::kUnit: return "unit";
    case DiscoveryRefusal::kTemplate: return "template";
    case DiscoveryRefusal::kStateTopic: return "state-topic";
    case DiscoveryRefusal::kStates: return "states";
    case DiscoveryRefusal::kTwice: return "twice";
    case DiscoveryRefusal::kText: return "text";
    case DiscoveryRefusal::kMixed: return "mixed";
    case DiscoveryRefusal::kFull: return "full";
    case DiscoveryRefusal::kCount: break;
  }
  return "";
}

std::optional<DiscoveryTopic> ParseDiscoveryTopic(std::string_view topic) {
  constexpr std::string_view kIdCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  if (topic.size() > limits::kTopicBytesMax || !topic.starts_with("homeassistant/") ||
      !topic.ends_with("/config")) {
    return std::nullopt;
  }
  std::array<std::string_view, 5> levels;
  std::size_t size = 0;
  for (std::string_view rest = topic;;) {
    if (size == levels.size()) return std::nullopt;
    const std::string_view level = rest.substr(0, rest.find('/'));
    if (level.empty() || level.find_first_not_of(kIdCharacters) != std::string_view::npos) {
      return std::nullopt;
    }
    levels[size++] = level;
    if (level.size() == rest.size()) break;
    rest.remove_prefix(level.size() + 1);
  }
  if (size == 4) return DiscoveryTopic{.component = levels[1], .node = {}, .object = levels[2]};
  if (size == 5) return DiscoveryTopic{.component = levels[1], .node = levels[2], .object = levels[3]};
  return std::nullopt;
}

DiscoveryConfig ReadDiscoveryConfig(const DiscoveryTopic& topic, const Fields& fields) {
  DiscoveryConfig result;
  Config config(fields);
  const std::string claim = ClaimOf(topic, config);
  const auto add = [&](const Component& component, std::string_view platform) {
    Announced announced{.key = std::string(component.key), .claim = claim, .metric = {},
                        .topic = {}, .path = {}, .unit = {}, .on = {}, .off = {}};
    if (const auto refusal = Read(component, platform, announced)) {
      result.refused.push_back(*refusal);
    } else {
      result.announced.push_back(std::move(announced));
    }
  };
  if (topic.component != "device") {
    add(config.root, topic.component);
    return result;
  }
  if (config.components.empty()) result.refused.push_back(DiscoveryRefusal::kMalformed);
  for (Component& component : config.components) {
    if (component.fields == 1 && !component.platform.empty()) continue;  // it was taken away
    if (component.state_topic.empty()) component.state_topic = config.root.state_topic;
    if (component.base.empty()) component.base = config.root.base;
    add(component, component.platform);
  }
  return result;
}

}  // namespace gateway::ingest
