#include "gateway/ingest/pattern.h"

#include <optional>

namespace gateway::ingest {
namespace {

constexpr std::string_view kNames[] = {"device", "metric", "part", "any"};

std::optional<Placeholder> Named(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Placeholder>(i);
  }
  return std::nullopt;
}

}  // namespace

void Captures::Set(Placeholder placeholder, std::string_view text) {
  switch (placeholder) {
    case Placeholder::kDevice:
      device = text;
      return;
    case Placeholder::kMetric:
      metric = text;
      return;
    case Placeholder::kPart:
      part = text;
      return;
    case Placeholder::kAny:
      return;
  }
}

StatusOr<Pattern> Pattern::Parse(std::string_view text) {
  if (text.empty()) return InvalidArgument("empty text matches nothing");
  Pattern pattern;
  const std::string_view whole = text;
  while (!text.empty()) {
    const std::size_t brace = text.find_first_of("{}");
    const std::string_view plain = text.substr(0, brace);
    std::string& before = pattern.pieces_.empty() ? pattern.head_ : pattern.pieces_.back().text;
    before += plain;
    if (brace == std::string_view::npos) break;
    if (!pattern.pieces_.empty() && before.empty()) {
      return InvalidArgument("\"%s\": two placeholders need text between them", whole);
    }
    const std::size_t end = text.find('}');
    const auto placeholder = text[brace] == '{' && end != std::string_view::npos && end > brace
                                 ? Named(text.substr(brace + 1, end - brace - 1))
                                 : std::nullopt;
    if (!placeholder) {
      return InvalidArgument("\"%s\": placeholders are {device}, {metric}, {part} and {any}",
                             whole);
    }
    if (*placeholder != Placeholder::kAny && pattern.Has(*placeholder)) {
      return InvalidArgument("\"%s\": a placeholder stands here twice", whole);
    }
    pattern.pieces_.push_back({*placeholder, {}});
    text.remove_prefix(end + 1);
  }
  return pattern;
}

bool Pattern::Match(std::string_view text, Captures& captures) const {
  if (pieces_.empty()) return text == head_;
  if (!text.starts_with(head_)) return false;
  text.remove_prefix(head_.size());
  Captures found = captures;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    std::size_t end = text.size();
    if (i + 1 == pieces_.size()) {
      if (!text.ends_with(piece.text)) return false;
      end -= piece.text.size();
    } else {
      end = text.find(piece.text, 1);
    }
    if (end == std::string_view::npos || end == 0) return false;
    found.Set(piece.placeholder, text.substr(0, end));
    text.remove_prefix(end + piece.text.size());
  }
  captures = found;
  return true;
}

bool Pattern::Has(Placeholder placeholder) const {
  for (const Piece& piece : pieces_) {
    if (piece.placeholder == placeholder) return true;
  }
  return false;
}

std::string Pattern::ToString() const {
  std::string text = head_;
  for (const Piece& piece : pieces_) {
    text += Format("{%s}%s", kNames[static_cast<std::size_t>(piece.placeholder)], piece.text);
  }
  return text;
}

}  // namespace gateway::ingest
