// What tests/oracle/kinds.py, which shares no code with this, says of random readings.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "gateway/pipeline/contributions.h"

namespace gateway::pipeline {
namespace {

constexpr Time kDay{std::chrono::hours(24 * 15'719)};

Time At(int64_t ms) { return kDay + Millis(ms); }

// The numbers of "a,b c,d" in groups, and of "-" none.
std::vector<std::vector<int64_t>> Groups(const std::string& part) {
  std::vector<std::vector<int64_t>> groups;
  std::istringstream words(part);
  for (std::string word; words >> word;) {
    if (word == "-") continue;
    std::istringstream numbers(word);
    groups.emplace_back();
    for (std::string number; std::getline(numbers, number, ',');) {
      groups.back().push_back(std::stoll(number));
    }
  }
  return groups;
}

MetricKind KindOf(const std::string& name) {
  const std::map<std::string, MetricKind> kinds = {
      {"delta", MetricKind::kDelta}, {"gauge", MetricKind::kGauge},
      {"counter", MetricKind::kCounter}, {"level", MetricKind::kLevel},
      {"state", MetricKind::kState}, {"event", MetricKind::kEvent}};
  return kinds.at(name);
}

std::vector<Reading> Readings(const std::string& part) {
  std::vector<Reading> readings;
  for (const auto& pair : Groups(part)) readings.push_back({.time = At(pair[0]), .value = pair[1]});
  return readings;
}

TEST(KindsGoldenTest, EveryKindIsWhatTheOracleSays) {
  std::ifstream file(std::string(GATEWAY_SOURCE_DIR) + "/tests/oracle/kinds.golden");
  ASSERT_TRUE(file.good());
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    SCOPED_TRACE(line.substr(0, line.find('|')) + "in line " + std::to_string(lines + 1));
    std::vector<std::string> parts;
    std::istringstream split(line);
    for (std::string part; std::getline(split, part, '|');) parts.push_back(part);
    ASSERT_EQ(parts.size(), 5u);
    std::istringstream head(parts[0]);
    std::string kind;
    int64_t scale = 0, hi = 0, interval = 0, rollover = 0, step_max = 0;
    head >> kind >> scale >> hi >> interval >> rollover >> step_max;
    Metric metric;
    metric.kind = KindOf(kind);
    metric.hi = hi;
    metric.interval = Millis(interval);
    metric.resolution = *Decimal::Parse(scale == 10 ? "1" : scale == 100 ? "0.1" : "0.01");
    const SeriesId series;
    port::SeriesTraits traits;
    if (rollover >= 0) traits.rollover = rollover;
    if (step_max >= 0) traits.step_max = step_max;
    std::map<SeriesId, Reading> before;
    for (const Reading& reading : Readings(parts[1])) before[series] = reading;
    std::vector<Window> windows;
    for (const auto& pair : Groups(parts[3])) windows.push_back({At(pair[0]), At(pair[1])});
    const privacy::OwnerDay day = ContributionsOf(metric, {{series, Readings(parts[2])}}, windows,
                                                  before, {{series, traits}});
    std::vector<std::vector<int64_t>> made;
    for (const privacy::Contribution& fine : day.fine) {
      made.push_back({fine.value, fine.readings, static_cast<int64_t>(fine.weight)});
    }
    EXPECT_EQ(made, Groups(parts[4]));
  }
  EXPECT_EQ(lines, 150);
}

}  // namespace
}  // namespace gateway::pipeline
