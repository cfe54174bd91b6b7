#include "gateway/ingest/value_template.h"

#include <algorithm>

#include "gateway/ingest/fields.h"
#include "gateway/ingest/number_text.h"

namespace gateway::ingest {
namespace {

constexpr std::string_view kWordCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

bool Take(std::string_view& rest, std::string_view token) {
  if (!rest.starts_with(token)) return false;
  rest.remove_prefix(token.size());
  return true;
}

// ".word" or "['any text']", with either quote.
std::optional<std::string_view> TakeKey(std::string_view& rest) {
  if (Take(rest, ".")) {
    const std::string_view key = rest.substr(0, rest.find_first_not_of(kWordCharacters));
    rest.remove_prefix(key.size());
    if (key.empty() || (key.front() >= '0' && key.front() <= '9')) return std::nullopt;
    return key;
  }
  if (!Take(rest, "[") || rest.empty()) return std::nullopt;
  const char quote = rest.front();
  if (quote != '\'' && quote != '"') return std::nullopt;
  rest.remove_prefix(1);
  const std::string_view key = rest.substr(0, rest.find(quote));
  rest.remove_prefix(key.size());
  if (!Take(rest, std::string_view(&quote, 1)) || !Take(rest, "]")) return std::nullopt;
  return key;
}

bool IsUsable(std::string_view key) {
  return !key.empty() && std::none_of(key.begin(), key.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
           std::string_view("{}'\"\\").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::optional<std::string> PathOfTemplate(std::string_view text) {
  std::string_view rest = Trim(text);
  if (rest.empty()) return "";
  if (!Take(rest, "{{") || !rest.ends_with("}}")) return std::nullopt;
  rest.remove_suffix(2);
  rest = Trim(rest);
  if (rest == "value") return "";
  if (!Take(rest, "value_json") || rest.empty()) return std::nullopt;
  std::string path;
  for (std::size_t depth = 0; !rest.empty(); ++depth) {
    const std::optional<std::string_view> key = TakeKey(rest);
    if (!key || !IsUsable(*key) || depth == kFieldDepthMax) return std::nullopt;
    if (depth > 0) path += '.';
    const bool plain = key->find_first_of(".[]") == std::string_view::npos;
    path += plain ? std::string(*key) : "'" + std::string(*key) + "'";
    if (path.size() > kTemplatePathBytesMax) return std::nullopt;
  }
  return path;
}

}  // namespace gateway::ingest
