#include "gateway/policy/phrases.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "gateway/base/check.h"

namespace gateway::policy {
namespace {

constexpr std::size_t kUngroupedDigitsMax = 4;

// `pattern` with each {name} filled in. What is filled in is not looked at again, so that nobody's
// reason can pull in another's words.
std::string Filled(std::string_view pattern, Arguments arguments, std::string_view n) {
  std::string text;
  while (true) {
    const std::size_t open = pattern.find('{');
    text += pattern.substr(0, open);
    if (open == std::string_view::npos) return text;
    const std::size_t close = pattern.find('}', open);
    GW_CHECK(close != std::string_view::npos);  // PhrasesReader
    const std::string_view name = pattern.substr(open + 1, close - open - 1);
    pattern.remove_prefix(close + 1);
    const auto found = std::find_if(arguments.begin(), arguments.end(),
                                    [&](const Argument& each) { return each.name == name; });
    GW_CHECK(found != arguments.end() || name == "n");
    text += found != arguments.end() ? std::string_view(found->text) : n;
  }
}

// Without what a quoted id begins with, so that "«instituto»" begins as it sounds.
std::string_view WithoutQuote(std::string_view text) {
  for (const std::string_view quote : {"«", "“", "\u00a0", " "}) {
    if (text.starts_with(quote)) text.remove_prefix(quote.size());
  }
  return text;
}

bool BeginsWith(std::string_view text, std::string_view prefix) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                    [&](char a, char b) { return a == lower(b); });
}

}  // namespace

Status CheckLanguage(std::string_view language) {
  std::string all;
  for (const std::string_view each : kLanguages) {
    if (each == language) return OkStatus();
    all += Format("%s%s", all.empty() ? "" : ", ", each);
  }
  return InvalidArgument("language \"%s\": there is none such; the languages are %s", language,
                         all);
}

std::string Phrases::Say(MessageName message, Arguments arguments) const {
  GW_CHECK(!kMessages[message.index()].counted);
  return Filled(messages_[message.index()].one, arguments, "");
}

std::string Phrases::SayCounted(MessageName message, uint64_t n, Arguments arguments) const {
  GW_CHECK(kMessages[message.index()].counted);
  const Message& forms = messages_[message.index()];
  const bool is_one = std::find(one_.begin(), one_.end(), n) != one_.end();
  return Filled(is_one ? forms.one : forms.other, arguments, Number(std::to_string(n)));
}

std::string Phrases::Quoted(std::string_view text) const {
  return Say("quoted", {{"text", std::string(text)}});
}

std::string Phrases::Number(std::string_view decimal) const {
  std::string text;
  if (decimal.starts_with('-')) {
    text = "-";
    decimal.remove_prefix(1);
  }
  const std::size_t point = std::min(decimal.find('.'), decimal.size());
  for (std::size_t i = 0; i < point; ++i) {
    const bool third = i > 0 && (point - i) % 3 == 0;
    if (third && point > kUngroupedDigitsMax) text += thousands_;
    text += decimal[i];
  }
  if (point == decimal.size()) return text;
  return text + decimal_ + std::string(decimal.substr(point + 1));
}

std::string Phrases::Duration(Millis duration) const {
  using std::chrono::duration_cast;
  if (duration < std::chrono::seconds(1)) return SayCounted("second", 0);
  std::vector<std::string> parts;
  const auto take = [&](MessageName name, Millis unit) {
    const auto count = static_cast<uint64_t>(duration / unit);
    if (count > 0) parts.push_back(SayCounted(name, count));
    duration %= unit;
  };
  take("day", std::chrono::hours(24));
  take("hour", std::chrono::hours(1));
  take("minute", std::chrono::minutes(1));
  take("second", std::chrono::seconds(1));
  return List(parts);
}

std::string Phrases::Date(Time time) const {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - midnight));
  std::string at = Format("%02d:%02d", clock.hours().count(), clock.minutes().count());
  if (clock.seconds().count() != 0) at += Format(":%02d", clock.seconds().count());
  const std::string& month = months_[static_cast<unsigned>(date.month()) - 1];
  const std::string year = std::to_string(static_cast<int>(date.year()));
  const unsigned day = static_cast<unsigned>(date.day());
  if (day == 1) return Say("date_first", {{"month", month}, {"year", year}, {"time", at}});
  return Say("date",
             {{"day", std::to_string(day)}, {"month", month}, {"year", year}, {"time", at}});
}

std::string Phrases::List(const std::vector<std::string>& items) const {
  if (items.empty()) return "";
  std::string text = items.front();
  for (std::size_t i = 1; i + 1 < items.size(); ++i) {
    text = Say("list_middle", {{"a", text}, {"b", items[i]}});
  }
  if (items.size() == 1) return text;
  const std::string& last = items.back();
  const Words::value_type* longest = nullptr;
  for (const auto& each : list_last_before_) {
    if (!BeginsWith(WithoutQuote(last), each.first)) continue;
    if (longest == nullptr || each.first.size() > longest->first.size()) longest = &each;
  }
  if (longest != nullptr) return Filled(longest->second, {{"a", text}, {"b", last}}, "");
  return Say("list_last", {{"a", text}, {"b", last}});
}

std::string Phrases::Word(const Words& words, std::string_view id) const {
  const auto found = words.find(id);
  return found == words.end() ? Quoted(id) : found->second;
}

std::string Phrases::Level(std::string_view id) const { return Word(levels_, id); }

std::string Phrases::Kind(std::string_view kind) const { return Word(kinds_, kind); }

std::string Phrases::NameOf(const Purpose& purpose) const {
  const auto found = purposes_.find(purpose.iri);
  if (found == purposes_.end()) return Quoted(purpose.id);
  return Say("named", {{"id", Quoted(purpose.id)}, {"label", found->second}});
}

}  // namespace gateway::policy
