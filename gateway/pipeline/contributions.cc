#include "gateway/pipeline/contributions.h"

#include <algorithm>
#include <chrono>
#include <span>

#include "gateway/privacy/energy_mean.h"

namespace gateway::pipeline {
namespace {

using privacy::Wide;

constexpr Wide kCutOff = Wide{1} << 62;

// What a window has gathered from all series.
struct Gathered {
  Wide sum = 0;  // of what is averaged: of value × weight
  uint64_t weight = 0;
  uint32_t readings = 0;
  std::vector<privacy::HeldLevel> levels;  // instead of the sum
};

uint64_t HeldSeconds(const Metric& metric, std::span<const Reading> from, const Window& window) {
  const Time start = from[0].time;
  Time end = std::min(start + 2 * metric.interval, window.end);
  if (from.size() > 1) end = std::min(end, from[1].time);
  return static_cast<uint64_t>(std::chrono::floor<std::chrono::seconds>(end - start).count());
}

// `from` begins with the reading to gather, and goes on with what follows it in its series.
// `increase` is what it adds to a counter.
void Gather(const Metric& metric, std::span<const Reading> from, int64_t increase,
            const Window& window, Gathered& into) {
  const int64_t value = from[0].value;
  ++into.readings;
  if (AddsUp(metric.kind)) {
    into.sum += metric.kind == MetricKind::kCounter ? increase : value;
    return;
  }
  const uint64_t weight = HeldSeconds(metric, from, window);
  into.weight += weight;
  if (metric.kind == MetricKind::kLevel) {
    into.levels.push_back({value, weight});
  } else if (metric.kind == MetricKind::kState) {
    into.sum += value == 0 ? Wide{0} : Wide{metric.hi} * weight;
  } else {
    into.sum += Wide{value} * weight;
  }
}

privacy::Contribution Finish(const Metric& metric, const Gathered& gathered) {
  privacy::Contribution made{.readings = gathered.readings, .weight = gathered.weight};
  if (AddsUp(metric.kind)) {
    made.value = static_cast<int64_t>(std::clamp(gathered.sum, -kCutOff, kCutOff));
  } else if (gathered.weight > 0) {
    made.value = metric.kind == MetricKind::kLevel
                     ? privacy::EnergyMean(gathered.levels, StepsPerBel(metric.resolution))
                     : privacy::RoundedMean(gathered.sum, gathered.weight);
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
  if (kind == MetricKind::kLevel) return privacy::Combine::kEnergyMean;
  return AddsUp(kind) ? privacy::Combine::kSum : privacy::Combine::kMean;
}

privacy::OwnerDay ContributionsOf(const Metric& metric, const SeriesReadings& series,
                                  const std::vector<Window>& windows,
                                  const std::map<SeriesId, Reading>& before,
                                  const std::map<SeriesId, port::SeriesTraits>& traits,
                                  OddityCounts* odd) {
  OddityCounts unasked{};
  std::vector<Gathered> gathered(windows.size());
  for (const auto& [id, readings] : series) {
    std::vector<int64_t> increases(readings.size());
    if (metric.kind == MetricKind::kCounter) {
      const auto earlier = before.find(id);
      const auto known = traits.find(id);
      increases = IncreasesOf(metric, known == traits.end() ? port::SeriesTraits{} : known->second,
                              earlier == before.end() ? nullptr : &earlier->second, readings,
                              odd == nullptr ? unasked : *odd);
    }
    std::size_t at = 0;
    for (std::size_t i = 0; i < readings.size(); ++i) {  // ascending in time, as the windows are
      const Time time = readings[i].time;
      while (at < windows.size() && windows[at].end <= time) ++at;
      if (at < windows.size() && windows[at].Contains(time)) {
        Gather(metric, std::span(readings).subspan(i), increases[i], windows[at], gathered[at]);
      }
    }
  }
  privacy::OwnerDay day;
  for (const Gathered& window : gathered) day.fine.push_back(Finish(metric, window));
  return day;
}

}  // namespace gateway::pipeline
