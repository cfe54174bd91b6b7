#include "gateway/model/ids.h"

namespace gateway {

bool IsDocumentId(std::string_view text) {
  if (text.empty() || text.size() > 48 || text[0] < 'a' || text[0] > 'z') return false;
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

}  // namespace gateway
