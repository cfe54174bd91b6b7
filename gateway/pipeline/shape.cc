#include "gateway/pipeline/shape.h"

#include <algorithm>

#include "gateway/model/limits.h"

namespace gateway::pipeline {
namespace {

char Masked(char c) {
  if (c >= '0' && c <= '9') return '9';
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return 'a';
  return c >= 0x20 && c <= 0x7e ? c : '?';
}

bool IsPrintable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

// Where the JSON string that begins at `from` ends: after its closing quote, or the end.
std::size_t EndOfString(std::string_view payload, std::size_t from) {
  for (std::size_t i = from + 1; i < payload.size(); ++i) {
    if (payload[i] == '\\') {
      ++i;
    } else if (payload[i] == '"') {
      return i + 1;
    }
  }
  return payload.size();
}

}  // namespace

std::string ShapeOf(std::string_view payload, const std::set<std::string, std::less<>>& keys) {
  std::string shape;
  for (std::size_t i = 0; i < payload.size() && shape.size() < limits::kShapeBytesMax;) {
    std::size_t end = i + 1;
    bool known = false;
    if (payload[i] == '"') {
      end = EndOfString(payload, i);
      const std::size_t next = payload.find_first_not_of(" \t\r\n", end);
      const std::string_view name = payload.substr(i + 1, end - i >= 2 ? end - i - 2 : 0);
      known = next != std::string_view::npos && payload[next] == ':' && keys.contains(name) &&
              IsPrintable(name);
    }
    for (; i < end; ++i) shape += known ? payload[i] : Masked(payload[i]);
  }
  if (shape.size() > limits::kShapeBytesMax) shape.resize(limits::kShapeBytesMax);
  return shape;
}

}  // namespace gateway::pipeline
