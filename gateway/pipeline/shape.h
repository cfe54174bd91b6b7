// What an operator sees of a payload: its shape, and nothing of its values. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace gateway::pipeline {

// Digits become 9 and letters a; what is not printable ASCII becomes '?', so that no payload can
// move a terminal's cursor; at most limits::kShapeBytesMax characters. A JSON field name stays as it
// is if it is one of `keys`: a name that is not may be a meter's number.
std::string ShapeOf(std::string_view payload, const std::set<std::string, std::less<>>& keys);

}  // namespace gateway::pipeline
