#include "gateway/policy/format_source.h"

#include <algorithm>

namespace gateway::policy {

using yaml::Node;
using yaml::NodeKind;

namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n'; }

}  // namespace

FormatSource::FormatSource(std::string_view text) : text_(text), lines_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') lines_.push_back(i + 1);
  }
}

StatusOr<FormatSource> FormatSource::Read(std::string_view text, const Node& root) {
  FormatSource source(text);
  RETURN_IF_ERROR(source.Check(root));
  std::size_t at = 0;
  source.FindComments(root, at);
  source.FindCommentsUntil(text.size(), at);
  return source;
}

Status FormatSource::Check(const Node& node) const {
  if (node.kind == NodeKind::kScalar) {
    const char first = text_[Begin(node)];
    if (node.text.find('\n') != std::string::npos ||
        (node.quoted && first != '"' && first != '\'')) {
      return ErrorAt(node, "text of several lines; write it on one, in quotes");
    }
  }
  for (const Node& key : node.keys) RETURN_IF_ERROR(Check(key));
  for (const Node& item : node.items) RETURN_IF_ERROR(Check(item));
  return OkStatus();
}

std::size_t FormatSource::Begin(const Node& node) const {
  return lines_[static_cast<std::size_t>(node.line - 1)] + static_cast<std::size_t>(node.column - 1);
}

bool FormatSource::IsFlow(const Node& node) const {
  const char first = text_[Begin(node)];
  return node.kind != NodeKind::kScalar && (first == '{' || first == '[');
}

std::size_t FormatSource::EndOfQuoted(std::size_t begin) const {
  const char quote = text_[begin];
  for (std::size_t i = begin + 1; i < text_.size(); ++i) {
    if (quote == '"' && text_[i] == '\\') {
      ++i;
    } else if (text_[i] == quote) {
      if (quote == '"' || i + 1 == text_.size() || text_[i + 1] != quote) return i + 1;
      ++i;  // '' within '…'
    }
  }
  return text_.size();
}

std::size_t FormatSource::End(const Node& node) const {
  std::size_t at = Begin(node);
  if (node.kind == NodeKind::kScalar) {
    if (node.quoted) return EndOfQuoted(at);
    // A plain text over several lines has one space in their place.
    for (std::size_t i = 0; i < node.text.size() && at < text_.size();) {
      if (node.text[i] == text_[at]) {
        ++i;
        ++at;
      } else if (IsSpace(text_[at])) {
        ++at;
      } else {
        ++i;
      }
    }
    return at;
  }
  const bool brackets = IsFlow(node);
  at = node.items.empty() ? at + 1 : End(node.items.back());
  if (!brackets) return at;
  const char close = node.kind == NodeKind::kMapping ? '}' : ']';
  while (at < text_.size() && text_[at] != close) {
    at = text_[at] == '#' ? std::min(text_.find('\n', at), text_.size()) : at + 1;
  }
  return std::min(at + 1, text_.size());
}

int FormatSource::LineAt(std::size_t end) const {
  const auto after = std::upper_bound(lines_.begin(), lines_.end(), end == 0 ? 0 : end - 1);
  return static_cast<int>(after - lines_.begin());
}

bool FormatSource::IsBlank(int line) const {
  std::size_t at = lines_[static_cast<std::size_t>(line - 1)];
  while (at < text_.size() && text_[at] == ' ') ++at;
  return at == text_.size() || text_[at] == '\n';
}

bool FormatSource::HasComment(const Node& node) const {
  const std::size_t begin = Begin(node);
  const auto first =
      std::lower_bound(comments_.begin(), comments_.end(), begin,
                       [](const FormatComment& comment, std::size_t at) { return comment.offset < at; });
  return first != comments_.end() && first->offset < End(node);
}

void FormatSource::FindComments(const Node& node, std::size_t& at) {
  if (node.kind == NodeKind::kScalar) {
    FindCommentsUntil(Begin(node), at);
    at = End(node);
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (i < node.keys.size()) FindComments(node.keys[i], at);
    FindComments(node.items[i], at);
  }
}

void FormatSource::FindCommentsUntil(std::size_t end, std::size_t& at) {
  for (; at < end; ++at) {
    if (text_[at] != '#') continue;
    const std::size_t line_end = std::min(text_.find('\n', at), end);
    std::string text(text_.substr(at, line_end - at));
    text.erase(text.find_last_not_of(' ') + 1);
    const int line = LineAt(at + 1);
    comments_.push_back({at, line, at - lines_[static_cast<std::size_t>(line - 1)], std::move(text)});
    at = line_end;
  }
}

}  // namespace gateway::policy
