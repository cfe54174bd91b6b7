// Topic templates: "sensors/{device}/{metric}", "shellies/shellyem3-{device}/emeter/{part}/power",
// "{device...}/events/rpc", where {device...} is one level or more (prefixes that people set may
// hold '/').
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/ingest/pattern.h"
#include "gateway/model/limits.h"

namespace gateway::ingest {

// A topic cut into its levels; views into it.
class TopicLevels {
 public:
  // Empty if no template may match the topic: more than kTopicBytesMax bytes or kTopicLevelsMax
  // levels, an empty level, '+', '#' or NUL, or the broker's own ('$' in front).
  static std::optional<TopicLevels> Split(std::string_view topic);

  std::size_t size() const { return size_; }
  std::string_view operator[](std::size_t i) const { return levels_[i]; }

 private:
  std::array<std::string_view, limits::kTopicLevelsMax> levels_;
  std::size_t size_ = 0;
};

// Immutable. Thread-safe.
class TopicTemplate {
 public:
  // Returns InvalidArgument if the text is no topic of levels that are patterns (pattern.h), with
  // at most one of {device...} and {any...}, as a whole level, or if a placeholder repeats.
  static StatusOr<TopicTemplate> Parse(std::string_view text);

  // Allocates nothing. {device...} takes up to kDeviceLevelsMax levels.
  bool Match(const TopicLevels& topic, Captures& captures) const;

  bool Has(Placeholder placeholder) const;

  // The subscriptions that cover it, without '#': of {device...} one for each number of levels, so
  // that a prefix of unknown length does not subscribe to the whole broker. None with {any...}.
  std::vector<std::string> Filters() const;

  const std::string& text() const { return text_; }

  // Of an index: the levels before {device...} or {any...}, and whether there is one.
  std::span<const Pattern> head() const { return {levels_.data(), head_}; }
  bool has_tail() const { return tail_.has_value(); }
  std::size_t size() const { return levels_.size() + (tail_ ? 1 : 0); }

 private:
  std::string text_;
  std::vector<Pattern> levels_;      // without the tail
  std::size_t head_ = 0;             // so many of them stand before it
  std::optional<Placeholder> tail_;  // of {device...} or {any...}
};

// The fewest of `filters` that still cover all of them: overlapping subscriptions may deliver a
// message twice.
std::vector<std::string> WithoutCovered(std::vector<std::string> filters);

}  // namespace gateway::ingest
