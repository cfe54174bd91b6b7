#include "gateway/ingest/traits.h"

#include "gateway/ingest/converter.h"
#include "gateway/ingest/own_profile.h"

namespace gateway::ingest {
namespace {

port::SeriesTraits TraitsOf(const Profile& profile, const Metric& metric) {
  port::SeriesTraits traits;
  const ReadingSpec* reading = profile.Find(metric.id.value());
  if (reading == nullptr || metric.kind != MetricKind::kCounter) return traits;
  Converter converter;
  if (reading->rollover) {
    traits.rollover = converter.Difference(*reading->rollover, *reading, metric);
  }
  if (reading->step) {
    // A profile knows what a device can use in an hour, and not how often the rules want its index.
    __extension__ using Wide = __int128;
    constexpr Wide kHour = Millis(std::chrono::hours(1)).count();
    const std::optional<int64_t> hourly = converter.Difference(*reading->step, *reading, metric);
    if (hourly) {
      const Wide most = (Wide{*hourly} * metric.interval.count() + kHour - 1) / kHour;
      if (most <= metric.hi) traits.step_max = static_cast<int64_t>(most);
    }
  }
  return traits;
}

}  // namespace

Traits::Traits(const std::vector<Profile>& profiles) {
  for (const Profile& profile : profiles) profiles_.emplace(profile.id(), profile);
}

port::SeriesTraits Traits::Of(const port::EnrolledDevice& device, const Metric& metric) const {
  if (!device.own_profile.empty()) {
    const Profile* own = OwnProfileOf(device);
    return own == nullptr ? port::SeriesTraits() : TraitsOf(*own, metric);
  }
  const auto found = profiles_.find(device.profile);
  return found == profiles_.end() ? port::SeriesTraits() : TraitsOf(found->second, metric);
}

}  // namespace gateway::ingest
