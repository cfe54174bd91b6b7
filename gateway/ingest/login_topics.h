// Which topics a login of the broker may publish to: those of its device's profile with what the
// device is called filled in, so that no device can speak for another.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ingest/profile.h"

namespace gateway::ingest {

// The filter for a topic template ("shellies/{device}/emeter/{part}/power") and one device. A level
// with a placeholder that is not the device's name becomes '+', as wildcards stand for whole levels;
// "{any...}" becomes '#'. Nothing if the filter would not name the device: the template does not, or
// only in a level with another placeholder or after "{any...}"; or if the name holds '+' or '#'.
std::optional<std::string> TopicFilterOf(std::string_view topic, std::string_view device);

// Of a device that its messages call `claim`, without what the profile ignores; a message whose topic
// does not name the device is for bridges alone. A part, "plug-7:0", publishes through the connection of
// the whole, so it may use the topics of "plug-7" as well.
std::vector<std::string> TopicsOf(const Profile& profile, std::string_view claim);

// Of a program that publishes for every device of a profile.
std::vector<std::string> BridgeTopicsOf(const Profile& profile);

}  // namespace gateway::ingest
