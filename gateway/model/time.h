// Instants, durations and civil days. Buckets below a day have fixed lengths and start at
// multiples of their length in UTC; days follow the commons' time zone and have 23, 24 or 25 h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"

namespace gateway {

inline constexpr Time kTimeEnd = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);

// Half-open: [start, end).
struct Window {
  Time start;
  Time end;
  Millis length() const { return end - start; }
  bool Contains(Time t) const { return start <= t && t < end; }
  friend auto operator<=>(const Window&, const Window&) = default;
};

// "2013-01-14T00:30:00Z", "…+01:00", with an optional fraction (digits after the third are cut
// off). Years 1970 to 9999.
// Returns InvalidArgument if the text is anything else; a stamp without zone is refused, because
// nobody can say later which instant it meant.
StatusOr<Time> ParseTime(std::string_view text);

// The same without a zone: what a clock on the wall shows, as if that clock were in UTC.
StatusOr<Time> ParseWallTime(std::string_view text);

// "2013-01-14T00:30:00Z"; with ".123" only when the milliseconds are not zero.
std::string FormatTime(Time time);

// ISO 8601 "P30D", "PT30M", "PT6H", "PT90S", "P1DT12H"; no years, months or weeks.
// Returns InvalidArgument if the text is anything else, or longer than 100 000 days.
StatusOr<Millis> ParseDuration(std::string_view text);
std::string FormatDuration(Millis duration);

// The start of the UTC-aligned window of `length` that holds `time`. `length` must be positive.
Time FloorTo(Time time, Millis length);

// The UTC month of `time` as year * 12 + month - 1: the key epoch.
uint32_t MonthOf(Time time);

// A named time zone of the system's database. Immutable; copies share it. Thread-safe.
class TimeZone {
 public:
  // Returns InvalidArgument if the system has no zone of that name.
  static StatusOr<TimeZone> Load(std::string_view name);
  static TimeZone Utc();

  // The civil day that holds `time`.
  Window DayOf(Time time) const;
  // "2013-01-14": the civil date at `time`.
  std::string DateOf(Time time) const;
  // When clocks on the wall show `wall` (as ParseWallTime gives it): twice the same instant; two, in
  // order, in the hour that comes twice; empty in the one that is skipped.
  std::optional<std::pair<Time, Time>> TimesOf(Time wall) const;
  // Whether every UTC offset in force from `from` to `until` is a whole multiple of `length`.
  bool OffsetsAreMultiplesOf(Millis length, Time from, Time until) const;
  const std::string& name() const;

 private:
  struct Impl;
  explicit TimeZone(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace gateway
