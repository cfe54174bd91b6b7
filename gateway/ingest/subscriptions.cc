#include "gateway/ingest/subscriptions.h"

#include <algorithm>
#include <unordered_set>

namespace gateway::ingest {
namespace {

constexpr auto npos = std::string::npos;
constexpr int kFailure = 0x80;  // and everything above it

// Takes the first level off `rest`; at the end of the filter `rest` becomes nullopt.
std::string_view NextLevel(std::optional<std::string_view>& rest) {
  const std::size_t slash = rest->find('/');
  const std::string_view level = rest->substr(0, slash);
  if (slash == std::string_view::npos) {
    rest.reset();
  } else {
    rest->remove_prefix(slash + 1);
  }
  return level;
}

}  // namespace

bool Covers(std::string_view wide, std::string_view narrow) {
  // Wildcards at the front do not match topics like "$SYS/…".
  if (narrow.starts_with('$') && !wide.starts_with('$')) return false;
  std::optional<std::string_view> wide_rest = wide, narrow_rest = narrow;
  while (wide_rest.has_value()) {
    const std::string_view level = NextLevel(wide_rest);
    if (level == "#") return true;
    if (!narrow_rest.has_value()) return false;
    const std::string_view other = NextLevel(narrow_rest);
    if (other == "#" || (level != "+" && level != other)) return false;
    // "a/#" matches "a" itself.
    if (!narrow_rest.has_value() && wide_rest == "#") return true;
  }
  return !narrow_rest.has_value();
}

std::vector<Filter> WithoutCovered(std::vector<Filter> filters) {
  // Only those with a wildcard cover others: there are few of them, and many topics of one device.
  const auto literal =
      std::stable_partition(filters.begin(), filters.end(), [](const Filter& filter) {
        return filter.text.find_first_of("+#") != npos;
      });
  const auto wildcards = static_cast<std::size_t>(literal - filters.begin());
  std::vector<Filter> kept;
  std::unordered_set<std::string> literals;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    Filter& filter = filters[i];
    if (i >= wildcards && !literals.insert(filter.text).second) continue;
    std::size_t cover = 0;
    const auto candidates = std::min(kept.size(), wildcards);
    while (cover < candidates && !Covers(kept[cover].text, filter.text)) ++cover;
    if (cover < candidates) {
      kept[cover].retained = kept[cover].retained || filter.retained;
      continue;
    }
    if (i < wildcards) {
      std::erase_if(kept, [&](const Filter& other) {
        if (!Covers(filter.text, other.text)) return false;
        filter.retained = filter.retained || other.retained;
        return true;
      });
    }
    kept.push_back(std::move(filter));
  }
  return kept;
}

void Subscriptions::Remember(const std::vector<std::string>& filters) {
  for (const std::string& filter : filters) rows_[filter].may_be_there = true;
}

void Subscriptions::Want(const std::vector<Filter>& filters) {
  std::map<std::string, Row, std::less<>> before = std::move(rows_);
  rows_.clear();
  wanted_ = filters.size();
  for (const Filter& filter : filters) {
    Row row = before[filter.text];
    if (!row.wanted || row.retained != filter.retained) row.state = State::kDue;
    row.wanted = true;
    row.retained = filter.retained;
    row.may_be_shown = filter.may_be_shown;
    row.optional = filter.optional;
    rows_[filter.text] = row;
  }
  for (auto& [text, row] : before) {
    if (rows_.contains(text) || !row.may_be_there) continue;
    if (row.wanted) row.state = State::kDue;
    row.wanted = false;
    rows_[text] = row;
  }
}

void Subscriptions::Connected(bool session_present) {
  asked_.clear();
  for (auto& [text, row] : rows_) {
    row.may_be_there = row.may_be_there && session_present;
    row.state = State::kDue;
    row.asked = 0;
  }
  std::erase_if(rows_, [](const auto& entry) {
    return !entry.second.wanted && !entry.second.may_be_there;
  });
}

bool Subscriptions::AllWantedAnswered() const {
  return std::ranges::all_of(rows_, [](const auto& entry) {
    const Row& row = entry.second;
    return !row.wanted || row.state == State::kConfirmed || row.state == State::kRefused;
  });
}

std::vector<Subscriptions::Step> Subscriptions::Due(TimePoint now) {
  std::vector<Step> steps;
  const bool may_unsubscribe = AllWantedAnswered();
  for (auto& [text, row] : rows_) {
    const bool again = row.state == State::kRefused && now >= row.again;
    if (row.state != State::kDue && !again) continue;
    if (!row.wanted && !may_unsubscribe) continue;
    row.state = State::kAsked;
    row.asked = ++last_id_;
    asked_[row.asked] = text;
    row.may_be_there = true;
    steps.push_back(
        {.id = row.asked, .subscribe = row.wanted, .filter = text, .retained = row.retained});
  }
  return steps;
}

void Subscriptions::Answered(uint32_t id, int reason, TimePoint now) {
  const auto asked = asked_.find(id);
  if (asked == asked_.end()) return;
  const auto found = rows_.find(asked->second);
  asked_.erase(asked);
  if (found == rows_.end() || found->second.asked != id) return;
  if (found->second.state != State::kAsked) return;
  Row& row = found->second;
  row.reason = reason;
  if (reason >= kFailure) {
    row.state = State::kRefused;
    row.again = now + again_after_;
  } else if (row.wanted) {
    row.state = State::kConfirmed;
  } else {
    rows_.erase(found);
  }
}

bool Subscriptions::settled() const {
  return std::ranges::all_of(rows_, [](const auto& entry) {
    const Row& row = entry.second;
    return row.wanted && (row.state == State::kConfirmed ||
                          (row.optional && row.state == State::kRefused));
  });
}

bool Subscriptions::confirmed(std::string_view filter) const {
  return std::ranges::any_of(rows_, [&](const auto& entry) {
    return entry.second.wanted && entry.second.state == State::kConfirmed &&
           Covers(entry.first, filter);
  });
}

std::vector<Subscriptions::Refusal> Subscriptions::refusals() const {
  std::vector<Refusal> refusals;
  for (const auto& [text, row] : rows_) {
    if (!row.wanted || row.state != State::kRefused) continue;
    refusals.push_back({.shown = row.may_be_shown ? text : "", .reason = row.reason});
  }
  return refusals;
}

std::vector<std::string> Subscriptions::possible() const {
  std::vector<std::string> filters;
  for (const auto& [text, row] : rows_) filters.push_back(text);
  return filters;
}

}  // namespace gateway::ingest
