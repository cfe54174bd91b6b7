// From the YAML of a profile to a Profile: what fields there are, and what fits together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/ingest/profile.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::ingest {

// Confined to one Profile::Parse.
class ProfileReader {
 public:
  explicit ProfileReader(Profile& profile) : profile_(profile) {}

  void Read(const yaml::Node& root);
  const Status& error() const { return error_; }

 private:
  void ReadMessage(const yaml::Node& node);
  std::vector<TopicTemplate> ReadTopics(yaml::Fields& fields);
  void ReadReading(const yaml::Node& node, MessageSpec& message);
  void ReadFormats(yaml::Fields& fields, MessageSpec& message);
  std::optional<TimeSpec> ReadTime(yaml::Fields& fields, const MessageSpec& message);
  void ReadNumbers(yaml::Fields& fields, ReadingSpec& reading);
  void ReadWords(yaml::Fields& fields, ReadingSpec& reading);
  // What a reading needs to know, it knows from one place.
  void CheckPlaces(yaml::Fields& fields, const MessageSpec& message, const ReadingSpec& reading);

  Profile& profile_;
  Status error_;
};

}  // namespace gateway::ingest
