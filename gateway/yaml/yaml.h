// Strict YAML: what people sign and configure is read the one way a person reads it. Refused with
// "line L column C: …": aliases, anchors, tags, directives, a second document, duplicate keys, keys
// that are no scalars, nulls, tabs, carriage returns, byte order marks, control and invisible
// characters, anything that is not UTF-8, too many bytes, too deep nesting. No scalar gets a type
// here: fields.h reads them by our own grammar, so `no` is a word and `010` is no number.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"

namespace gateway::yaml {

inline constexpr std::size_t kYamlBytesMax = 256u << 10;
inline constexpr std::size_t kYamlDepthMax = 12;

enum class NodeKind { kScalar, kSequence, kMapping };

// One node of the tree. Lines and columns count from 1, columns in bytes.
struct Node {
  NodeKind kind = NodeKind::kScalar;
  int line = 0;
  int column = 0;
  std::string text;         // scalar: after unquoting
  bool quoted = false;      // scalar: quotes or a block scalar, so never a number
  std::vector<Node> keys;   // mapping: unique scalars, in the order of the text
  std::vector<Node> items;  // mapping: the values, beside `keys`; sequence: the elements

  // Returns the value of `key`, or null if this is no mapping or has no such key.
  const Node* Find(std::string_view key) const;
};

// Returns InvalidArgument, starting with "line L column C: ", if the text is refused.
StatusOr<Node> Parse(std::string_view text);

// InvalidArgument "line L column C: text" at `node`.
Status ErrorAt(const Node& node, std::string_view text);

}  // namespace gateway::yaml
