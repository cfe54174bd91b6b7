// The few of Home Assistant's value templates that only say where a value is. Everything else that
// Jinja can do is refused: it would be a program, from a stranger, run for every message.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gateway::ingest {

// "{{ value_json.a.b }}" and "{{ value_json['a']["b c"] }}" give the path of a profile, a.b and
// a.'b c'; "{{ value }}" and no text at all give an empty one: the payload itself. Empty for every
// other template, for more than kFieldDepthMax keys, for keys with braces, quotes or control
// characters, and for a path of more than kTemplatePathBytesMax bytes.
std::optional<std::string> PathOfTemplate(std::string_view text);

inline constexpr std::size_t kTemplatePathBytesMax = 128;

}  // namespace gateway::ingest
