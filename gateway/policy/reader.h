// How all three documents spell names, times, hashes and their head. Internal to gateway/policy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/model/limits.h"
#include "gateway/model/metric.h"
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

// A length of time that is not nothing.
Millis ReadPositive(yaml::Fields& fields, std::string_view key);
// 1 to 256 bytes for people.
std::string ReadText(yaml::Fields& fields, std::string_view key);
// A whole number of a metric's units within [min, 10^15], as steps of its resolution. Fails the
// field unless it is a whole number of steps below 2^62.
int64_t ReadSteps(yaml::Fields& fields, std::string_view key, int64_t min,
                  const Decimal& resolution);

// Reads a list of mappings, each with `read`.
template <typename Read>
void ReadList(yaml::Fields& fields, std::string_view key, std::string_view what, Status& error,
              const Read& read) {
  for (const yaml::Node& node : fields.Items(key, limits::kRulesMax)) {
    yaml::Fields item(node, what, error);
    read(item);
    item.Finish();
    if (!error.ok()) return;
  }
}

}  // namespace gateway::policy
