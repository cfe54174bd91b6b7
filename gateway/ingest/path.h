// Where a value is in a payload: "ENERGY.Power[0]", "params.'switch:{part}'.aenergy.total",
// "sensordatavalues[value_type=SDS_P1].value".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/ingest/fields.h"
#include "gateway/ingest/pattern.h"

namespace gateway::ingest {

// Immutable. Thread-safe.
class Path {
 public:
  // Keys are separated by dots and may hold placeholders; one with '.', '[', ']' or a quote in it
  // stands between single quotes. [2] is the third element of an array, [{part}] captures an
  // index, [{any}] is every element, [key=text] is each element that is an object with such a
  // text or number.
  // Returns InvalidArgument if the text is anything else, or deeper than kFieldDepthMax.
  static StatusOr<Path> Parse(std::string_view text);

  // Whether the path leads to `field`, which is one of `fields`. `captures` is touched only then.
  bool Matches(const Fields& fields, const Field& field, Captures& captures) const;

  // The first field that it leads to, or null.
  const Field* Find(const Fields& fields) const;

  // Whether the object or array that holds its last step is there, and not empty.
  bool HasParent(const Fields& fields) const;

  bool Has(Placeholder placeholder) const;
  // The keys of objects that stand in it as they are.
  std::vector<std::string> Keys() const;
  // Leads to one field at most, without looking at any other.
  bool plain() const;
  const std::string& text() const { return text_; }

 private:
  enum class StepKind { kKey, kPattern, kIndex, kIndexCapture, kSelector };
  struct Step {
    StepKind kind = StepKind::kKey;
    std::string key;     // kKey, kSelector
    std::string equals;  // kSelector
    int32_t index = -1;  // kIndex
    std::vector<Pattern> pattern;  // kPattern: one
    Placeholder placeholder = Placeholder::kAny;  // kIndexCapture
  };
  static StatusOr<Step> ParseIndex(std::string_view inside);
  static StatusOr<Step> MakeKey(std::string key);
  bool MatchStep(const Step& step, const Fields& fields, const Field& field, std::size_t depth,
                 Captures& captures) const;

  std::string text_;
  std::vector<Step> steps_;
};

}  // namespace gateway::ingest
