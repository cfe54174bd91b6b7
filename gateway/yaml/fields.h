// Typed reading of one mapping. The first error sticks in the caller's Status and later reads
// return defaults, so that a parser reads field after field and checks once:
//
//   Status error;
//   Fields fields(node, "share rule", error);
//   rule.k_min = fields.Uint("k_min", 1, 1'000);
//   if (fields.Has("age_min")) rule.age_min = fields.Parse("age_min", ParseDuration);
//   fields.Finish();  // Refuses keys that nobody asked for.
//   RETURN_IF_ERROR(error);
//
// Every error starts with "line L column C: " and names the field. Thread-compatible.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/yaml/yaml.h"

namespace gateway::yaml {

class Fields {
 public:
  // `node` and `error` must outlive the reader; `what` is how errors call the mapping.
  Fields(const Node& node, std::string_view what, Status& error);

  bool Has(std::string_view key) const { return node_.Find(key) != nullptr; }
  int line() const { return node_.line; }

  // Each of these needs the field to be there; ask Has first for one that may be missing.

  // A scalar of one line, which may be empty ("").
  std::string Text(std::string_view key);
  // An unquoted integer 0|[1-9][0-9]* within [min, max].
  uint64_t Uint(std::string_view key, uint64_t min, uint64_t max);
  // The same with an optional leading '-'.
  int64_t Int(std::string_view key, int64_t min, int64_t max);
  // true or false, unquoted.
  bool Bool(std::string_view key);
  // One of `names`; returns its index.
  std::size_t OneOf(std::string_view key, std::initializer_list<std::string_view> names);
  // A list of one-line scalars without repetition; empty only if `may_be_empty`.
  enum class Empty { kRefused, kAllowed };
  std::vector<std::string> Texts(std::string_view key, Empty empty, std::size_t items_max);
  // A list of anything.
  const std::vector<Node>& Items(std::string_view key, std::size_t items_max);
  // Any node; null after an error.
  const Node* Child(std::string_view key);
  // A scalar read by `parse`, e.g. ParseTime; its error gets the position and the field's name.
  template <typename T>
  T Parse(std::string_view key, StatusOr<T> (*parse)(std::string_view)) {
    const Node* value = Scalar(key);
    if (value == nullptr) return T();
    StatusOr<T> parsed = parse(value->text);
    if (parsed.ok()) return *std::move(parsed);
    Fail(key, Message(parsed.status()));
    return T();
  }

  // Records an error at the field's value (or at the mapping, if the field is missing).
  void Fail(std::string_view key, std::string_view text);

  // Refuses the keys that none of the above read.
  void Finish();

 private:
  const Node* Scalar(std::string_view key);
  void FailAt(const Node& node, std::string_view key, std::string_view text);

  const Node& node_;
  const std::string what_;
  Status& error_;
  std::vector<bool> read_;  // beside node_.keys
};

}  // namespace gateway::yaml
