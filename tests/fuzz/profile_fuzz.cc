// Profiles and topic templates: the first line is a topic, the rest is the text of a profile. What is
// refused says where; what is accepted keeps its promises, and whatever topic one of its messages
// matches is one that its subscriptions bring.
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/ingest/profile.h"
#include "gateway/ingest/topic.h"
#include "gateway/model/ids.h"
#include "tests/fuzz/fuzz.h"

namespace gateway {
namespace {

// MQTT's rule, written down a second time: '+' is one level; our filters have no '#'.
bool Brings(std::string_view filter, std::string_view topic) {
  for (;;) {
    const std::string_view wanted = filter.substr(0, filter.find('/'));
    const std::string_view level = topic.substr(0, topic.find('/'));
    if (wanted != "+" && wanted != level) return false;
    const bool last = wanted.size() == filter.size();
    if (last != (level.size() == topic.size())) return false;
    if (last) return true;
    filter.remove_prefix(wanted.size() + 1);
    topic.remove_prefix(level.size() + 1);
  }
}

// What a placeholder stood for is a part of the topic.
void CheckCapture(std::string_view captured, bool expected, std::string_view topic) {
  GW_CHECK(captured.empty() != expected);
  GW_CHECK(captured.empty() || topic.find(captured) != std::string_view::npos);
}

void CheckMatch(const ingest::MessageSpec& message, std::span<const std::string> filters,
                std::string_view topic) {
  const std::optional<ingest::TopicLevels> levels = ingest::TopicLevels::Split(topic);
  ingest::Captures captures;
  if (!levels || !message.topic.Match(*levels, captures)) return;
  CheckCapture(captures.device, message.topic.Has(ingest::Placeholder::kDevice), topic);
  CheckCapture(captures.metric, message.topic.Has(ingest::Placeholder::kMetric), topic);
  CheckCapture(captures.part, message.topic.Has(ingest::Placeholder::kPart), topic);
  if (message.ignore) return;
  const auto brings = [&](const std::string& filter) { return Brings(filter, topic); };
  GW_CHECK(std::any_of(filters.begin(), filters.end(), brings));
}

void CheckProfile(const ingest::Profile& profile, std::string_view topic) {
  GW_CHECK(IsDocumentId(profile.id()) && !profile.messages().empty());
  const std::vector<std::string> filters = ingest::Filters({&profile, 1});
  for (const std::string& filter : filters) {
    GW_CHECK(!filter.empty() && filter.find('#') == std::string::npos);
    GW_CHECK(!filter.starts_with('$') && filter.find_first_of("{}") == std::string::npos);
  }
  for (const ingest::MessageSpec& message : profile.messages()) {
    GW_CHECK(message.ignore || !message.formats.empty());
    CheckMatch(message, filters, topic);
    // A literal topic matches itself, if it can be published at all.
    const std::string& text = message.topic.text();
    const std::optional<ingest::TopicLevels> levels = ingest::TopicLevels::Split(text);
    ingest::Captures captures;
    if (levels && text.find('{') == std::string::npos) {
      GW_CHECK(message.topic.Match(*levels, captures));
    }
  }
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view input = gateway::fuzz::Bytes(data, size);
  const std::string_view topic = input.substr(0, input.find('\n'));
  const std::string_view text = input.substr(std::min(input.size(), topic.size() + 1));
  const auto profile = gateway::ingest::Profile::Parse(text, "file");
  if (profile.ok()) {
    gateway::CheckProfile(*profile, topic);
  } else {
    GW_CHECK(profile.status().code() == gateway::StatusCode::kInvalidArgument);
    GW_CHECK(gateway::Message(profile.status()).starts_with("file: line "));
  }
  return 0;
}
