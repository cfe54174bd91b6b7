#include "gateway/pipeline/contributions.h"

#include <algorithm>
#include <chrono>
#include <span>

namespace gateway::pipeline {
namespace {

using privacy::Wide;

constexpr Wide kCutOff = Wide{1} << 62;

// What a window has gathered from all series.
struct Gathered {
  Wide sum = 0;  // of a gauge: of value × weight
  uint64_t weight = 0;
  uint32_t readings = 0;
};

uint64_t HeldSeconds(const Metric& metric, std::span<const Reading> from, const Window& window) {
  const Time start = from[0].time;
  Time end = std::min(start + 2 * metric.interval, window.end);
  if (from.size() > 1) end = std::min(end, from[1].time);
  return static_cast<uint64_t>(std::chrono::floor<std::chrono::seconds>(end - start).count());
}

int64_t Increase(int64_t value, const Reading* previous) {
  if (previous == nullptr) return 0;
  return value < previous->value ? value : value - previous->value;
}

// `from` begins with the reading to gather, and goes on with what follows it in its series.
void Gather(const Metric& metric, std::span<const Reading> from, const Reading* previous,
            const Window& window, Gathered& into) {
  const int64_t value = from[0].value;
  ++into.readings;
  switch (metric.kind) {
    case MetricKind::kDelta:
    case MetricKind::kEvent:
      into.sum += value;
      return;
    case MetricKind::kGauge:
    case MetricKind::kLevel:
    case MetricKind::kState: {
      const uint64_t weight = HeldSeconds(metric, from, window);
      into.sum += Wide{value} * Wide{weight};
      into.weight += weight;
      return;
    }
    case MetricKind::kCounter:
      into.sum += Increase(value, previous);
      return;
  }
}

privacy::Contribution Finish(const Metric& metric, const Gathered& gathered) {
  privacy::Contribution made{.readings = gathered.readings, .weight = gathered.weight};
  if (metric.kind != MetricKind::kGauge) {
    made.value = static_cast<int64_t>(std::clamp(gathered.sum, -kCutOff, kCutOff));
  } else if (gathered.weight > 0) {
    made.value = privacy::RoundedMean(gathered.sum, gathered.weight);
  }
  return made;
}

}  // namespace

std::vector<Window> BucketsOf(bool whole_day, Millis bucket, const Window& day) {
  if (whole_day) return {day};
  std::vector<Window> windows;
  Time start = FloorTo(day.start, bucket);
  if (start < day.start) start += bucket;
  for (; start < day.end; start += bucket) windows.push_back({start, start + bucket});
  return windows;
}

privacy::Combine CombineOf(MetricKind kind) {
  return kind == MetricKind::kGauge ? privacy::Combine::kMean : privacy::Combine::kSum;
}

privacy::OwnerDay ContributionsOf(const Metric& metric, const SeriesReadings& series,
                                  const std::vector<Window>& windows,
                                  const std::map<SeriesId, Reading>& before) {
  std::vector<Gathered> gathered(windows.size());
  for (const auto& [id, readings] : series) {
    const auto earlier = before.find(id);
    const Reading* previous = earlier == before.end() ? nullptr : &earlier->second;
    std::size_t at = 0;
    for (std::size_t i = 0; i < readings.size(); ++i) {  // ascending in time, as the windows are
      const Time time = readings[i].time;
      while (at < windows.size() && windows[at].end <= time) ++at;
      if (at < windows.size() && windows[at].Contains(time)) {
        Gather(metric, std::span(readings).subspan(i), previous, windows[at], gathered[at]);
      }
      previous = &readings[i];
    }
  }
  privacy::OwnerDay day;
  for (const Gathered& window : gathered) day.fine.push_back(Finish(metric, window));
  return day;
}

}  // namespace gateway::pipeline
