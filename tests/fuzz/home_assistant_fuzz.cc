// Home Assistant's discovery: configs, one a line, each a topic, a blank and JSON. Whatever they say,
// what is held is bounded, every device that is listed can be proposed, and the proposal is a profile
// of that one device, with literal topics, that fits where it is kept.
#include <string>

#include "gateway/base/check.h"
#include "gateway/ingest/home_assistant.h"
#include "gateway/ingest/profile.h"
#include "gateway/model/ids.h"
#include "gateway/model/limits.h"
#include "tests/fuzz/fuzz.h"

namespace gateway {
namespace {

// Calls `each` with topic and payload of every line.
template <typename Each>
void ForEachConfig(std::string_view input, Each each) {
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    const std::size_t blank = line.find(' ');
    each(line.substr(0, blank),
         blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1));
  }
}

void CheckProposals(const ingest::HomeAssistant& discovery) {
  std::size_t readings = 0;
  for (const ingest::HomeAssistant::Device& device : discovery.Devices()) {
    readings += device.metrics.size();
    const std::optional<port::Proposal> proposal = discovery.Propose(device.claim);
    GW_CHECK(proposal && proposal->claim == device.claim && IsDocumentId(proposal->profile));
    GW_CHECK(proposal->own_profile.size() <= limits::kOwnProfileBytesMax);
    const StatusOr<ingest::Profile> profile =
        ingest::Profile::Parse(proposal->own_profile, "proposal");
    GW_CHECK(profile.ok() && profile->id() == proposal->profile &&
             profile->claim() == device.claim);
    std::size_t proposed = 0;
    for (const ingest::MessageSpec& message : profile->messages()) {
      proposed += message.readings.size();
      GW_CHECK(message.topic.Filters().size() == 1);
      // Literal: nobody else's topics.
      GW_CHECK(message.topic.Filters()[0] == message.topic.text());
    }
    GW_CHECK(proposed == device.metrics.size());
  }
  GW_CHECK(readings <= limits::kAnnouncedMax);
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view input = gateway::fuzz::Bytes(data, size);
  gateway::ingest::HomeAssistant discovery;
  gateway::ForEachConfig(input, [&](std::string_view topic, std::string_view payload) {
    discovery.Note(topic, payload);
  });
  gateway::CheckProposals(discovery);
  gateway::ForEachConfig(input, [&](std::string_view topic, std::string_view) {
    discovery.Note(topic, "");
  });
  GW_CHECK(discovery.Devices().empty());
  return 0;
}
