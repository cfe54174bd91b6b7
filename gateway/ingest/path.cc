#include "gateway/ingest/path.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

// Text that outlives every payload, for captured indices.
std::string_view IndexText(int32_t index) {
  static const auto texts = [] {
    std::array<std::string, limits::kJsonNodesMax> made;
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = std::to_string(i);
    return made;
  }();
  return texts[static_cast<std::size_t>(index)];
}

bool SameStep(const Field::Step& a, const Field::Step& b) {
  return a.index == b.index && a.key == b.key;
}

std::span<const Field::Step> StepsOf(const Fields& fields, const Field& field) {
  return {fields.steps.data() + field.first_step, field.steps};
}

// Whether the array element that holds `field` at `depth` is an object in which `key` is `text`.
// The fields of one element stand together, so the search goes both ways until it leaves it.
bool ElementHas(const Fields& fields, const Field& field, std::size_t depth, std::string_view key,
                std::string_view text) {
  const std::span<const Field::Step> mine = StepsOf(fields, field);
  const auto in_element = [&](const Field& other) {
    const std::span<const Field::Step> steps = StepsOf(fields, other);
    if (steps.size() <= depth) return false;
    for (std::size_t i = depth + 1; i-- > 0;) {
      if (!SameStep(steps[i], mine[i])) return false;
    }
    return true;
  };
  const auto is_it = [&](const Field& other) {
    const std::span<const Field::Step> steps = StepsOf(fields, other);
    return steps.size() == depth + 2 && steps[depth + 1].key == key && other.text == text &&
           (other.kind == FieldKind::kText || other.kind == FieldKind::kNumber);
  };
  const Field* const first = fields.fields.data();
  const Field* const last = first + fields.fields.size();
  for (const Field* at = &field; at != last && in_element(*at); ++at) {
    if (is_it(*at)) return true;
  }
  for (const Field* at = &field; at != first && in_element(*(at - 1)); --at) {
    if (is_it(*(at - 1))) return true;
  }
  return false;
}

// Takes a key between single quotes off `rest`; '' inside stands for one quote.
bool TakeQuoted(std::string_view& rest, std::string& key) {
  rest.remove_prefix(1);
  while (!rest.empty()) {
    if (rest.front() == '\'') {
      rest.remove_prefix(1);
      if (rest.empty() || rest.front() != '\'') return true;
    }
    key += rest.front();
    rest.remove_prefix(1);
  }
  return false;
}

}  // namespace

StatusOr<Path::Step> Path::ParseIndex(std::string_view inside) {
  Step step;
  if (const std::size_t equals = inside.find('='); equals != std::string_view::npos) {
    step.kind = StepKind::kSelector;
    step.key = inside.substr(0, equals);
    step.equals = inside.substr(equals + 1);
    if (step.key.empty() || step.equals.empty()) {
      return InvalidArgument("[%s]: must be [key=text]", inside);
    }
    return step;
  }
  if (inside.starts_with('{')) {
    ASSIGN_OR_RETURN(const Pattern pattern, Pattern::Parse(inside));
    const bool part = pattern.Has(Placeholder::kPart);
    if (!pattern.bare() || !(part || pattern.Has(Placeholder::kAny))) {
      return InvalidArgument("[%s]: only {part} or {any} can be an index", inside);
    }
    step.kind = StepKind::kIndexCapture;
    step.placeholder = part ? Placeholder::kPart : Placeholder::kAny;
    return step;
  }
  step.kind = StepKind::kIndex;
  const auto [end, error] =
      std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
  if (error != std::errc() || end != inside.data() + inside.size() || step.index < 0 ||
      step.index >= static_cast<int32_t>(limits::kJsonNodesMax)) {
    return InvalidArgument("[%s]: must be an index, a placeholder or key=text", inside);
  }
  return step;
}

StatusOr<Path::Step> Path::MakeKey(std::string key) {
  ASSIGN_OR_RETURN(Pattern pattern, Pattern::Parse(key));
  Step step;
  if (pattern.literal()) {
    step.key = std::move(key);
  } else {
    step.kind = StepKind::kPattern;
    step.pattern.push_back(std::move(pattern));
  }
  return step;
}

StatusOr<Path> Path::Parse(std::string_view text) {
  if (text.empty() || text.size() > limits::kPathBytesMax) {
    return InvalidArgument("a path has 1 to %d bytes", limits::kPathBytesMax);
  }
  const auto bad = [&](std::string_view why) {
    return InvalidArgument("path %s: %s", text, why);
  };
  Path path;
  path.text_ = text;
  std::string_view rest = text;
  for (bool first = true; !rest.empty(); first = false) {
    if (path.steps_.size() == kFieldDepthMax) return bad("too deep");
    if (rest.front() == '[') {
      const std::size_t end = rest.find(']');
      if (end == std::string_view::npos) return bad("a ] is missing");
      ASSIGN_OR_RETURN(Step step, ParseIndex(rest.substr(1, end - 1)));
      path.steps_.push_back(std::move(step));
      rest.remove_prefix(end + 1);
      continue;
    }
    if (!first) {
      if (rest.front() != '.') return bad("a dot or a [ must stand between two steps");
      rest.remove_prefix(1);
    }
    std::string key;
    if (rest.starts_with('\'')) {
      if (!TakeQuoted(rest, key)) return bad("a quote is not closed");
    } else {
      key = rest.substr(0, rest.find_first_of(".[]'"));
      rest.remove_prefix(key.size());
    }
    if (key.empty()) return bad("a key is empty");
    ASSIGN_OR_RETURN(Step step, MakeKey(std::move(key)));
    path.steps_.push_back(std::move(step));
  }
  return path;
}

bool Path::MatchStep(const Step& step, const Fields& fields, const Field& field,
                     std::size_t depth, Captures& captures) const {
  const Field::Step& there = fields.steps[field.first_step + depth];
  switch (step.kind) {
    case StepKind::kKey:
      return there.index < 0 && there.key == step.key;
    case StepKind::kPattern:
      return there.index < 0 && step.pattern[0].Match(there.key, captures);
    case StepKind::kIndex:
      return there.index == step.index;
    case StepKind::kIndexCapture:
      if (there.index < 0) return false;
      captures.Set(step.placeholder, IndexText(there.index));
      return true;
    case StepKind::kSelector:
      return there.index >= 0 && ElementHas(fields, field, depth, step.key, step.equals);
  }
  return false;
}

bool Path::Matches(const Fields& fields, const Field& field, Captures& captures) const {
  if (field.steps != steps_.size()) return false;
  Captures found = captures;
  // The last step differs most often.
  for (std::size_t i = steps_.size(); i-- > 0;) {
    if (!MatchStep(steps_[i], fields, field, i, found)) return false;
  }
  captures = found;
  return true;
}

const Field* Path::Find(const Fields& fields) const {
  Captures captures;
  for (const Field& field : fields.fields) {
    if (Matches(fields, field, captures)) return &field;
  }
  return nullptr;
}

bool Path::HasParent(const Fields& fields) const {
  if (steps_.size() == 1) return true;
  Captures captures;
  for (const Field& field : fields.fields) {
    if (field.steps < steps_.size()) continue;
    bool same = true;
    for (std::size_t i = 0; same && i + 1 < steps_.size(); ++i) {
      same = MatchStep(steps_[i], fields, field, i, captures);
    }
    if (same) return true;
  }
  return false;
}

std::vector<std::string> Path::Keys() const {
  std::vector<std::string> keys;
  for (const Step& step : steps_) {
    if (!step.key.empty()) keys.push_back(step.key);
  }
  return keys;
}

bool Path::Has(Placeholder placeholder) const {
  return std::ranges::any_of(steps_, [&](const Step& step) {
    return (step.kind == StepKind::kPattern && step.pattern[0].Has(placeholder)) ||
           (step.kind == StepKind::kIndexCapture && step.placeholder == placeholder);
  });
}

bool Path::plain() const {
  return std::ranges::all_of(steps_, [](const Step& step) {
    return step.kind == StepKind::kKey || step.kind == StepKind::kIndex;
  });
}

}  // namespace gateway::ingest
