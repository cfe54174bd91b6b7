// Text with placeholders, {device}, {metric}, {part} and {any}: a level of a topic, a key of a
// payload, a SenML name. "switch:{part}" matches "switch:0" and captures "0".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"

namespace gateway::ingest {

enum class Placeholder : uint8_t { kDevice, kMetric, kPart, kAny };

// What placeholders stood for; empty if there was none. Views into what was matched.
struct Captures {
  std::string_view device, metric, part;

  void Set(Placeholder placeholder, std::string_view text);
};

// Immutable. Thread-safe.
class Pattern {
 public:
  // Returns InvalidArgument if the text is empty, if braces hold anything but a placeholder, if one
  // stands there twice ({any} may), or if two have nothing between them to tell them apart.
  static StatusOr<Pattern> Parse(std::string_view text);

  // A placeholder takes at least one byte and ends where the text after it is first found.
  // `captures` is touched only by a match.
  bool Match(std::string_view text, Captures& captures) const;

  bool literal() const { return pieces_.empty(); }
  // One placeholder and nothing else: matches any text.
  bool bare() const { return pieces_.size() == 1 && head_.empty() && pieces_[0].text.empty(); }
  bool Has(Placeholder placeholder) const;
  // As it was parsed.
  std::string ToString() const;

  friend bool operator==(const Pattern&, const Pattern&) = default;

 private:
  struct Piece {
    Placeholder placeholder;
    std::string text;  // after it
    friend bool operator==(const Piece&, const Piece&) = default;
  };
  std::string head_;  // before the first placeholder
  std::vector<Piece> pieces_;
};

}  // namespace gateway::ingest
