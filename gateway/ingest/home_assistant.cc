#include "gateway/ingest/home_assistant.h"

#include <algorithm>
#include <set>

#include "gateway/base/status.h"
#include "gateway/ingest/profile.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

constexpr std::size_t kIdBytesMax = 48;

// FNV-1a: tells apart ids that the letters of a profile's id cannot.
uint32_t Hash(std::string_view text) {
  uint32_t hash = 2'166'136'261u;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 16'777'619u;
  return hash;
}

std::string ProfileId(std::string_view claim) {
  std::string id = "ha-";
  bool same = true;
  for (const char c : claim) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    id += plain ? c : '-';
    same = same && plain;
  }
  if (same && id.size() <= kIdBytesMax) return id;
  const std::string suffix = Format("-%08x", Hash(claim));
  return id.substr(0, kIdBytesMax - suffix.size()) + suffix;
}

// Between single quotes YAML knows no escapes but the quote's own.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string ReadingLine(const Announced& announced) {
  std::string line = "      - {metric: " + announced.metric;
  if (!announced.path.empty()) line += ", at: " + Quoted(announced.path);
  if (!announced.unit.empty()) line += ", unit: " + Quoted(announced.unit);
  if (!announced.on.empty()) {
    line += ", states: {" + Quoted(announced.on) + ": 1, " + Quoted(announced.off) + ": 0}";
  }
  return line + "}\n";
}

std::string ProfileText(
    std::string_view id, std::string_view claim,
    const std::map<std::string, std::vector<const Announced*>>& by_topic) {
  std::string text = "schema: commons-profile/1\nid: " + std::string(id) +
                     "\nabout: One device, as it announced itself to Home Assistant\nclaim: " +
                     Quoted(claim) + "\nmessages:\n";
  for (const auto& [topic, readings] : by_topic) {
    text += "  - topic: " + Quoted(topic) + "\n    format: ";
    text += readings.front()->path.empty() ? "number" : "json";
    text += "\n    readings:\n";
    for (const Announced* reading : readings) text += ReadingLine(*reading);
  }
  return text;
}

}  // namespace

void HomeAssistant::Forget(std::string_view topic) {
  std::erase_if(announced_, [&](const auto& entry) { return entry.first.first == topic; });
}

HomeAssistant::ByTopic HomeAssistant::OfDevice(std::string_view claim) const {
  ByTopic by_topic;
  for (const auto& [key, announced] : announced_) {
    if (announced.claim == claim) by_topic[announced.topic].push_back(&announced);
  }
  return by_topic;
}

std::optional<DiscoveryRefusal> HomeAssistant::Fits(const Announced& announced) const {
  if (announced_.size() == limits::kAnnouncedMax) return DiscoveryRefusal::kFull;
  for (const auto& [key, other] : announced_) {
    if (other.claim != announced.claim) continue;
    if (other.metric == announced.metric) return DiscoveryRefusal::kTwice;
    if (other.topic == announced.topic && (other.path.empty() || announced.path.empty())) {
      return DiscoveryRefusal::kMixed;
    }
  }
  // A profile refuses more than is refused here, such as invisible characters.
  ByTopic by_topic = OfDevice(announced.claim);
  by_topic[announced.topic].push_back(&announced);
  const std::string text = ProfileText("proposal", announced.claim, by_topic);
  if (!Profile::Parse(text, "proposal").ok()) return DiscoveryRefusal::kText;
  return std::nullopt;
}

void HomeAssistant::Note(std::string_view topic, std::string_view payload) {
  const std::optional<DiscoveryTopic> parsed = ParseDiscoveryTopic(topic);
  if (!parsed) return Refuse(DiscoveryRefusal::kTopic);
  Forget(topic);
  if (payload.empty()) return;
  if (!payload.starts_with('{') || json_.Read(payload, fields_) != port::DoorCode::kAdmitted) {
    return Refuse(DiscoveryRefusal::kMalformed);
  }
  DiscoveryConfig config = ReadDiscoveryConfig(*parsed, fields_);
  for (const DiscoveryRefusal reason : config.refused) Refuse(reason);
  for (Announced& announced : config.announced) {
    if (const std::optional<DiscoveryRefusal> reason = Fits(announced)) {
      Refuse(*reason);
      continue;
    }
    Key key(topic, announced.key);
    announced_.insert_or_assign(std::move(key), std::move(announced));
  }
}

std::vector<HomeAssistant::Device> HomeAssistant::Devices() const {
  std::map<std::string_view, std::pair<std::set<std::string>, std::set<std::string>>> of_claims;
  for (const auto& [key, announced] : announced_) {
    auto& [metrics, topics] = of_claims[announced.claim];
    metrics.insert(announced.metric);
    topics.insert(announced.topic);
  }
  std::vector<Device> devices;
  for (const auto& [claim, of_it] : of_claims) {
    const auto& [metrics, topics] = of_it;
    devices.push_back({.claim = std::string(claim),
                       .metrics = {metrics.begin(), metrics.end()},
                       .topics = {topics.begin(), topics.end()}});
  }
  return devices;
}

std::optional<port::Proposal> HomeAssistant::Propose(std::string_view claim) const {
  const ByTopic by_topic = OfDevice(claim);
  if (by_topic.empty()) return std::nullopt;
  const std::string id = ProfileId(claim);
  return port::Proposal{.profile = id,
                        .claim = std::string(claim),
                        .secret = false,
                        .own_profile = ProfileText(id, claim, by_topic)};
}

}  // namespace gateway::ingest
