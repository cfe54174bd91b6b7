// Where things stand in a YAML text: what a parsed tree does not tell, and a formatter needs.
// Internal to gateway/policy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {

struct FormatComment {
  std::size_t offset = 0;
  int line = 0;            // from 1
  std::size_t column = 0;  // from 0
  std::string text;        // "# …", without spaces at its end
};

// The text must outlive it. Immutable.
class FormatSource {
 public:
  // `root` is what yaml::Parse made of the text.
  // Returns InvalidArgument with line and column if a scalar has several lines or is no plain or
  // quoted one.
  static StatusOr<FormatSource> Read(std::string_view text, const yaml::Node& root);

  std::size_t size() const { return text_.size(); }
  const std::vector<FormatComment>& comments() const { return comments_; }
  // Whether a collection is written with brackets. One pair within […] has none.
  bool IsFlow(const yaml::Node& node) const;
  // Just behind the last character of a scalar, or of a collection of a flow.
  std::size_t End(const yaml::Node& node) const;
  // Of the character before `end`.
  int LineAt(std::size_t end) const;
  bool IsBlank(int line) const;
  bool HasComment(const yaml::Node& node) const;  // as of End

 private:
  explicit FormatSource(std::string_view text);
  std::size_t Begin(const yaml::Node& node) const;
  std::size_t EndOfQuoted(std::size_t begin) const;
  Status Check(const yaml::Node& node) const;
  // What '#' begins outside of scalars, from `at` on, which moves behind what was looked at.
  void FindComments(const yaml::Node& node, std::size_t& at);
  void FindCommentsUntil(std::size_t end, std::size_t& at);

  std::string_view text_;
  std::vector<std::size_t> lines_;  // where each begins
  std::vector<FormatComment> comments_;
};

}  // namespace gateway::policy
