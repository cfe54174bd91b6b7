#include "gateway/backup/restored.h"

#include <charconv>
#include <optional>
#include <utility>

#include "gateway/backup/manifest.h"
#include "gateway/base/bytes.h"
#include "gateway/model/limits.h"

namespace gateway::backup {
namespace {

constexpr std::string_view kFirstLine = "commons-restored/1";
constexpr std::size_t kOwnerBytes = 16;

// Empty at the end, and if the last line has no end: a cut file is no file.
std::optional<std::string_view> NextLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string WriteErasures(const std::vector<std::string>& erased) {
  std::string text;
  for (const std::string& owner : erased) text += HexEncode(owner) + "\n";
  return text;
}

StatusOr<std::vector<std::string>> ReadErasures(std::string_view text) {
  std::vector<std::string> erased;
  while (!text.empty()) {
    const std::optional<std::string_view> line = NextLine(text);
    const StatusOr<std::string> owner =
        line.has_value() ? HexDecode(*line) : StatusOr<std::string>(std::string());
    if (!owner.ok() || owner->size() != kOwnerBytes) {
      return InvalidArgument("erasures: line %d is no pseudonym of 32 hex digits",
                             erased.size() + 1);
    }
    if (erased.size() >= limits::kErasuresMax) {
      return InvalidArgument("erasures: more than %d lines", limits::kErasuresMax);
    }
    erased.push_back(*owner);
  }
  return erased;
}

std::string WriteRestored(const Restored& restored) {
  return Format("%s\n%d\n%s\n%send\n", kFirstLine, restored.at.time_since_epoch().count(),
                restored.backup, WriteErasures(restored.erased));
}

StatusOr<Restored> ReadRestored(std::string_view text) {
  const Status damaged = DataLoss("file restored: it is damaged; repeat the restore");
  Restored restored;
  const auto first = NextLine(text), at = NextLine(text), id = NextLine(text);
  if (first != kFirstLine || !at.has_value() || !id.has_value() || !IsBackupId(*id)) {
    return damaged;
  }
  int64_t millis = 0;
  const auto [end, error] = std::from_chars(at->data(), at->data() + at->size(), millis);
  if (error != std::errc() || end != at->data() + at->size()) return damaged;
  restored.at = Time(Millis(millis));
  restored.backup = *id;
  if (!text.ends_with("end\n")) return damaged;
  text.remove_suffix(4);
  auto erased = ReadErasures(text);
  if (!erased.ok()) return damaged;
  restored.erased = *std::move(erased);
  return restored;
}

}  // namespace gateway::backup
