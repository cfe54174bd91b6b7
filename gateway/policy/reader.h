// How all three documents spell names, times, hashes and their head. Internal to gateway/policy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/yaml/fields.h"

namespace gateway::policy {

// [a-z][a-z0-9-]{0,47}
StatusOr<std::string> ReadId(std::string_view text);
// Whole seconds in UTC, exactly as FormatTime writes them.
StatusOr<Time> ReadTime(std::string_view text);

// schema, commons, version and prev, which every document begins with.
struct Head {
  std::string commons;
  uint64_t version = 0;
  std::string prev;  // 32 bytes; empty for version 1
};
Head ReadHead(yaml::Fields& fields, std::string_view schema);

template <typename Id>
Id ReadIdField(yaml::Fields& fields, std::string_view key) {
  return Id(fields.Parse(key, ReadId));
}

}  // namespace gateway::policy
