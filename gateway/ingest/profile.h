// A payload profile: how one family of devices names its topics and writes its payloads. Profiles
// are data files (gateway/ingest/profiles/*.yaml), so a new device family needs no new code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"

namespace gateway::ingest {

// Views into the topic that was matched.
struct TopicMatch {
  std::string_view device;
  std::string_view metric;
};

// Names of the fields of a JSON payload. `value` is required in a payload; an empty `unit` or
// `time` means that these devices never send one.
struct JsonFields {
  std::string value;
  std::string unit;
  std::string time;
};

// What a profile says, before it has been checked.
struct ProfileSpec {
  std::string id;
  std::string topic;                // "sensors/{device}/{metric}"
  bool number = false;              // the payload may be a bare number
  std::optional<JsonFields> json;   // the payload may be a JSON object
};

// Immutable. Thread-safe.
class Profile {
 public:
  // Returns InvalidArgument if the id is not a document id, if the topic does not hold {device}
  // and {metric} exactly once, each as a whole level, or if the payload could have no form.
  static StatusOr<Profile> Make(ProfileSpec spec);

  // `text` is a file of schema commons-profile/1; `name` is what messages call it.
  // Returns InvalidArgument with line and column if it is anything else.
  static StatusOr<Profile> Parse(std::string_view text, std::string_view name);

  const std::string& id() const { return spec_.id; }
  bool number() const { return spec_.number; }
  const std::optional<JsonFields>& json() const { return spec_.json; }

  // The subscription that covers every topic of the profile: "sensors/+/+".
  std::string Filter() const;

  // Allocates nothing. A placeholder matches one level that is not empty; topics with '+', '#' or
  // NUL, or of more than kTopicBytesMax bytes, match nothing.
  std::optional<TopicMatch> MatchTopic(std::string_view topic) const;

 private:
  enum class LevelKind { kLiteral, kDevice, kMetric };
  struct Level {
    LevelKind kind;
    std::string literal;
  };
  explicit Profile(ProfileSpec spec) : spec_(std::move(spec)) {}

  ProfileSpec spec_;
  std::vector<Level> levels_;
};

// Loads every *.yaml file of `directory`, in the order of their names.
// Returns NotFound if the directory cannot be read or holds no profile, InvalidArgument if a file
// is not a profile, AlreadyExists if two have the same id.
StatusOr<std::vector<Profile>> LoadProfiles(const std::string& directory);

}  // namespace gateway::ingest
