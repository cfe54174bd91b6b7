#include "gateway/model/time.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>

namespace gateway {
namespace {

constexpr Millis kDay = std::chrono::hours(24);

absl::Time ToAbsl(Time time) { return absl::FromUnixMillis(time.time_since_epoch().count()); }
Time FromAbsl(absl::Time time) { return Time(Millis(absl::ToUnixMillis(time))); }

// Reads exactly `digits` decimal digits; -1 if there are none.
int TakeDigits(std::string_view& rest, std::size_t digits) {
  if (rest.size() < digits) return -1;
  int value = 0;
  for (const char c : rest.substr(0, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  rest.remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view& rest, std::string_view any_of) {
  if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
  rest.remove_prefix(1);
  return true;
}

int TakeFraction(std::string_view& rest) {  // milliseconds, or -1
  int millis = 0;
  std::size_t digits = 0;
  while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
    if (digits < 3) millis = millis * 10 + (rest.front() - '0');
    ++digits;
    rest.remove_prefix(1);
  }
  if (digits == 0 || digits > 9) return -1;
  for (; digits < 3; ++digits) millis *= 10;
  return millis;
}

Status BadTime() {
  return InvalidArgument("time stamp: not of the form 2013-01-14T00:30:00Z or …+01:00");
}

// "2013-01-14T00:30:00.123", off the front of `rest`, as if it were in UTC.
std::optional<Time> TakeWallTime(std::string_view& rest) {
  const int year = TakeDigits(rest, 4);
  if (year < 1970 || !TakeChar(rest, "-")) return std::nullopt;
  const int month = TakeDigits(rest, 2);
  if (month < 1 || month > 12 || !TakeChar(rest, "-")) return std::nullopt;
  const int day = TakeDigits(rest, 2);
  if (day < 1 || !TakeChar(rest, "Tt ")) return std::nullopt;
  const int hour = TakeDigits(rest, 2);
  if (hour < 0 || hour > 23 || !TakeChar(rest, ":")) return std::nullopt;
  const int minute = TakeDigits(rest, 2);
  if (minute < 0 || minute > 59 || !TakeChar(rest, ":")) return std::nullopt;
  const int second = TakeDigits(rest, 2);
  if (second < 0 || second > 59) return std::nullopt;
  int millis = 0;
  if (TakeChar(rest, ".")) millis = TakeFraction(rest);
  if (millis < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) + Millis(millis);
}

// "Z", "+01:00".
std::optional<Millis> TakeOffset(std::string_view& rest) {
  if (TakeChar(rest, "Zz")) return Millis(0);
  if (rest.empty() || (rest.front() != '+' && rest.front() != '-')) return std::nullopt;
  const int sign = rest.front() == '-' ? -1 : 1;
  rest.remove_prefix(1);
  const int hours = TakeDigits(rest, 2);
  if (hours < 0 || hours > 23 || !TakeChar(rest, ":")) return std::nullopt;
  const int minutes = TakeDigits(rest, 2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
}

}  // namespace

StatusOr<Time> ParseTime(std::string_view text) {
  const std::optional<Time> wall = TakeWallTime(text);
  if (!wall) return BadTime();
  const std::optional<Millis> offset = TakeOffset(text);
  if (!offset || !text.empty()) return BadTime();
  const Time time = *wall - *offset;
  if (time < Time{} || time >= kTimeEnd) return BadTime();  // the offset can leave the years
  return time;
}

StatusOr<Time> ParseWallTime(std::string_view text) {
  const std::optional<Time> wall = TakeWallTime(text);
  if (!wall || !text.empty()) {
    return InvalidArgument("local time: not of the form 2013-01-14T00:30:00");
  }
  return *wall;
}

std::string FormatTime(Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss<Millis> clock(time - days);
  std::string text =
      Format("%04d-%02d-%02dT%02d:%02d:%02d", static_cast<int>(date.year()),
             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
             clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += Format(".%03d", clock.subseconds().count());
  return text + "Z";
}

StatusOr<Millis> ParseDuration(std::string_view text) {
  const auto bad = [&] {
    return InvalidArgument("duration \"%s\": not of the form P30D, PT30M or P1DT12H",
                           std::string(text.substr(0, 32)));
  };
  std::string_view rest = text;
  if (!TakeChar(rest, "P")) return bad();
  struct Unit {
    char letter;
    bool after_t;
    Millis length;
  };
  static constexpr Unit kUnits[] = {{'D', false, kDay},
                                    {'H', true, std::chrono::hours(1)},
                                    {'M', true, std::chrono::minutes(1)},
                                    {'S', true, std::chrono::seconds(1)}};
  Millis total{0};
  bool in_time = false;
  bool any = false;
  const Unit* next = std::begin(kUnits);
  while (!rest.empty()) {
    if (!in_time && TakeChar(rest, "T")) {
      in_time = true;
      any = false;
      continue;
    }
    int64_t value = 0;
    std::size_t digits = 0;
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9' && digits < 9) {
      value = value * 10 + (rest.front() - '0');
      rest.remove_prefix(1);
      ++digits;
    }
    if (digits == 0 || rest.empty()) return bad();
    const Unit* unit = std::find_if(next, std::end(kUnits), [&](const Unit& candidate) {
      return candidate.letter == rest.front() && candidate.after_t == in_time;
    });
    if (unit == std::end(kUnits)) return bad();
    next = unit + 1;
    rest.remove_prefix(1);
    total += value * unit->length;
    any = true;
  }
  if (!any) return bad();
  if (total > 100'000 * kDay) {
    return InvalidArgument("duration \"%s\": longer than 100000 days", std::string(text));
  }
  return total;
}

std::string FormatDuration(Millis duration) {
  const auto days = duration / kDay;
  Millis rest = duration % kDay;
  std::string text = "P";
  if (days != 0) text += Format("%dD", days);
  if (rest == Millis(0)) return days == 0 ? "PT0S" : text;
  text += "T";
  const auto take = [&](Millis unit, char letter) {
    if (const auto count = rest / unit; count != 0) text += Format("%d%c", count, letter);
    rest %= unit;
  };
  take(std::chrono::hours(1), 'H');
  take(std::chrono::minutes(1), 'M');
  take(std::chrono::seconds(1), 'S');
  return text;
}

Time FloorTo(Time time, Millis length) {
  const auto count = time.time_since_epoch() / length;
  Time floor{count * length};
  if (floor > time) floor -= length;  // Division rounds towards zero; before 1970 that is up.
  return floor;
}

uint32_t MonthOf(Time time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return static_cast<uint32_t>(static_cast<int>(date.year()) * 12) +
         static_cast<unsigned>(date.month()) - 1;
}

struct TimeZone::Impl {
  std::string name;
  absl::TimeZone zone;
};

StatusOr<TimeZone> TimeZone::Load(std::string_view name) {
  auto impl = std::make_shared<Impl>();
  impl->name = std::string(name);
  if (!absl::LoadTimeZone(impl->name, &impl->zone)) {
    return InvalidArgument("time zone \"%s\": not in this system's database", impl->name);
  }
  return TimeZone(std::move(impl));
}

TimeZone TimeZone::Utc() {
  return TimeZone(std::make_shared<Impl>(Impl{"UTC", absl::UTCTimeZone()}));
}

Window TimeZone::DayOf(Time time) const {
  absl::CivilDay day = absl::ToCivilDay(ToAbsl(time), impl_->zone);
  // Where midnight does not exist, FromCivil gives the first instant after the gap; where it comes
  // twice, the first. Clocks set back just after midnight show yesterday's date again: that hour
  // belongs to the day that has begun, so that days tile the time.
  while (absl::FromCivil(day + 1, impl_->zone) <= ToAbsl(time)) ++day;
  return {FromAbsl(absl::FromCivil(day, impl_->zone)),
          FromAbsl(absl::FromCivil(day + 1, impl_->zone))};
}

std::string TimeZone::DateOf(Time time) const {
  const absl::CivilDay day = absl::ToCivilDay(ToAbsl(time), impl_->zone);
  return Format("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

std::optional<std::pair<Time, Time>> TimeZone::TimesOf(Time wall) const {
  // Civil seconds have no fraction: it is put back afterwards.
  const auto second = std::chrono::floor<std::chrono::seconds>(wall);
  const Millis fraction = wall - second;
  const absl::TimeZone::TimeInfo info =
      impl_->zone.At(absl::ToCivilSecond(ToAbsl(second), absl::UTCTimeZone()));
  switch (info.kind) {
    case absl::TimeZone::TimeInfo::SKIPPED:
      return std::nullopt;
    case absl::TimeZone::TimeInfo::UNIQUE:
    case absl::TimeZone::TimeInfo::REPEATED:
      break;
  }
  return std::pair(FromAbsl(info.pre) + fraction, FromAbsl(info.post) + fraction);
}

bool TimeZone::OffsetsAreMultiplesOf(Millis length, Time from, Time until) const {
  const auto fits = [&](absl::Time t) {
    return Millis(std::chrono::seconds(impl_->zone.At(t).offset)) % length == Millis(0);
  };
  absl::Time at = ToAbsl(from);
  if (!fits(at)) return false;
  absl::TimeZone::CivilTransition transition;
  while (impl_->zone.NextTransition(at, &transition)) {
    // Not FromCivil: after clocks are set back it names the hour before the transition.
    const absl::Time next = impl_->zone.At(transition.to).trans;
    if (next >= ToAbsl(until) || next <= at) break;
    if (!fits(next)) return false;
    at = next;
  }
  return true;
}

const std::string& TimeZone::name() const { return impl_->name; }

}  // namespace gateway
