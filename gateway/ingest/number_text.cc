#include "gateway/ingest/number_text.h"

namespace gateway::ingest {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

bool TakeDigits(std::string_view& rest) {
  bool any = false;
  for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1)) {
    any = true;
  }
  return any;
}

}  // namespace

bool IsJsonNumber(std::string_view rest) {
  if (!rest.empty() && rest.front() == '-') rest.remove_prefix(1);
  if (rest.size() > 1 && rest[0] == '0' && rest[1] >= '0' && rest[1] <= '9') return false;
  if (!TakeDigits(rest)) return false;
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    if (!TakeDigits(rest)) return false;
  }
  if (!rest.empty() && (rest.front() == 'e' || rest.front() == 'E')) {
    rest.remove_prefix(1);
    if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
    if (!TakeDigits(rest)) return false;
  }
  return rest.empty();
}

bool IsNotANumber(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return EqualsIgnoringCase(text, "nan") || EqualsIgnoringCase(text, "inf") ||
         EqualsIgnoringCase(text, "infinity");
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace gateway::ingest
