#include "gateway/ingest/topic.h"

#include <algorithm>

namespace gateway::ingest {
namespace {

constexpr std::string_view kForbidden("+#\0", 3);

std::vector<std::string_view> Levels(std::string_view text) {
  std::vector<std::string_view> levels;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t slash = std::min(text.find('/', from), text.size());
    levels.push_back(text.substr(from, slash - from));
    from = slash + 1;
  }
  return levels;
}

// Filters hold no '#' here.
bool Covers(std::string_view wide, std::string_view narrow) {
  const std::vector<std::string_view> a = Levels(wide), b = Levels(narrow);
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != "+" && a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<TopicLevels> TopicLevels::Split(std::string_view topic) {
  if (topic.empty() || topic.size() > limits::kTopicBytesMax || topic.front() == '$') {
    return std::nullopt;
  }
  TopicLevels levels;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= topic.size(); ++i) {
    const char c = i < topic.size() ? topic[i] : '/';
    if (c == '+' || c == '#' || c == '\0') return std::nullopt;
    if (c != '/') continue;
    if (i == start || levels.size_ == limits::kTopicLevelsMax) return std::nullopt;
    levels.levels_[levels.size_++] = topic.substr(start, i - start);
    start = i + 1;
  }
  return levels;
}

StatusOr<TopicTemplate> TopicTemplate::Parse(std::string_view text) {
  if (text.size() > limits::kTopicBytesMax || text.starts_with('$') ||
      text.find_first_of(kForbidden) != std::string_view::npos) {
    return InvalidArgument("a topic has at most %d bytes and no '+', '#', NUL, or '$' in front",
                           limits::kTopicBytesMax);
  }
  TopicTemplate result;
  result.text_ = text;
  for (const std::string_view level : Levels(text)) {
    if (level == "{device...}" || level == "{any...}") {
      if (result.tail_) return InvalidArgument("only one level may end in \"...}\"");
      result.tail_ = level == "{any...}" ? Placeholder::kAny : Placeholder::kDevice;
      result.head_ = result.levels_.size();
      continue;
    }
    if (level.empty()) return InvalidArgument("a level is empty");
    ASSIGN_OR_RETURN(Pattern pattern, Pattern::Parse(level));
    result.levels_.push_back(std::move(pattern));
  }
  if (!result.tail_) result.head_ = result.levels_.size();
  if (result.size() > limits::kTopicLevelsMax) {
    return InvalidArgument("%d levels, limit %d", result.size(), limits::kTopicLevelsMax);
  }
  for (const Placeholder placeholder :
       {Placeholder::kDevice, Placeholder::kMetric, Placeholder::kPart}) {
    const auto has = [&](const Pattern& level) { return level.Has(placeholder); };
    if (std::ranges::count_if(result.levels_, has) + (result.tail_ == placeholder ? 1 : 0) > 1) {
      return InvalidArgument("a placeholder stands here twice");
    }
  }
  return result;
}

bool TopicTemplate::Match(const TopicLevels& topic, Captures& captures) const {
  if (topic.size() < size()) return false;
  const std::size_t more = topic.size() - size();  // levels of the tail beyond the first
  if (more > 0 && (!tail_ || (tail_ == Placeholder::kDevice && more >= limits::kDeviceLevelsMax))) {
    return false;
  }
  Captures found = captures;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const std::size_t at = i < head_ ? i : i + more + 1;
    if (!levels_[i].Match(topic[at], found)) return false;
  }
  if (tail_) {
    const char* const begin = topic[head_].data();
    const std::string_view last = topic[head_ + more];
    found.Set(*tail_, {begin, static_cast<std::size_t>(last.data() + last.size() - begin)});
  }
  captures = found;
  return true;
}

bool TopicTemplate::Has(Placeholder placeholder) const {
  return tail_ == placeholder || std::ranges::any_of(levels_, [&](const Pattern& level) {
           return level.Has(placeholder);
         });
}

std::vector<std::string> TopicTemplate::Filters() const {
  std::vector<std::string> filters;
  if (tail_ == Placeholder::kAny) return filters;
  for (std::size_t tail = 1; tail <= (tail_ ? limits::kDeviceLevelsMax : 1); ++tail) {
    std::string filter;
    const auto add = [&](std::string_view level) {
      if (!filter.empty()) filter += '/';
      filter += level;
    };
    for (std::size_t i = 0; i <= levels_.size(); ++i) {
      for (std::size_t j = 0; tail_ && i == head_ && j < tail; ++j) add("+");
      if (i < levels_.size()) add(levels_[i].literal() ? levels_[i].ToString() : "+");
    }
    filters.push_back(std::move(filter));
  }
  return filters;
}

std::vector<std::string> WithoutCovered(std::vector<std::string> filters) {
  std::ranges::sort(filters);
  filters.erase(std::unique(filters.begin(), filters.end()), filters.end());
  std::vector<std::string> kept;
  for (const std::string& filter : filters) {
    const bool covered = std::ranges::any_of(filters, [&](const std::string& other) {
      return other != filter && Covers(other, filter);
    });
    if (!covered) kept.push_back(filter);
  }
  return kept;
}

}  // namespace gateway::ingest
