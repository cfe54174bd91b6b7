#include "gateway/backup/restored.h"

#include <charconv>
#include <optional>
#include <utility>

#include "gateway/backup/manifest.h"
#include "gateway/base/bytes.h"
#include "gateway/crypto/sign.h"
#include "gateway/model/limits.h"

namespace gateway::backup {
namespace {

constexpr std::string_view kFirstLine = "commons-restored/1";
constexpr std::string_view kWithdrawalsLine = "commons-withdrawals/1";
constexpr std::string_view kComplete = "complete";
constexpr std::string_view kEnd = "end";
constexpr std::size_t kGrantBytes = 16;
constexpr std::size_t kOwnerBytes = 16;

// Empty at the end, and if the last line has no end: a cut file is no file.
std::optional<std::string_view> NextLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<Time> ParseMillis(std::string_view text) {
  int64_t millis = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), millis);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Time(Millis(millis));
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
  const std::optional<Time> time = ParseMillis(*at);
  if (!time.has_value()) return damaged;
  restored.at = *time;
  restored.backup = *id;
  if (!text.ends_with("end\n")) return damaged;
  text.remove_suffix(4);
  auto erased = ReadErasures(text);
  if (!erased.ok()) return damaged;
  restored.erased = *std::move(erased);
  return restored;
}

std::string WriteWithdrawals(const Withdrawals& withdrawals) {
  const std::string known =
      withdrawals.unknown_since.has_value()
          ? Format("%d", withdrawals.unknown_since->time_since_epoch().count())
          : std::string(kComplete);
  std::string text = Format("%s\n%s\n%s\n", kWithdrawalsLine, HexEncode(withdrawals.signer), known);
  for (const std::string& grant : withdrawals.grants) text += HexEncode(grant) + "\n";
  return text + std::string(kEnd) + "\n";
}

StatusOr<Withdrawals> ReadWithdrawals(std::string_view text) {
  const Status damaged = DataLoss("file withdrawals: it is damaged");
  Withdrawals withdrawals;
  const auto first = NextLine(text), signer = NextLine(text), known = NextLine(text);
  if (first != kWithdrawalsLine || !signer.has_value() || !known.has_value()) return damaged;
  StatusOr<std::string> key = HexDecode(*signer);
  if (!key.ok() || key->size() != crypto::kPublicKeyBytes) return damaged;
  withdrawals.signer = *std::move(key);
  if (known != kComplete) {
    withdrawals.unknown_since = ParseMillis(*known);
    if (!withdrawals.unknown_since.has_value()) return damaged;
  }
  auto line = NextLine(text);
  for (; line.has_value() && line != kEnd; line = NextLine(text)) {
    StatusOr<std::string> grant = HexDecode(*line);
    if (!grant.ok() || grant->size() != kGrantBytes ||
        withdrawals.grants.size() >= limits::kWithdrawalsMax) {
      return damaged;
    }
    withdrawals.grants.insert(*std::move(grant));
  }
  if (!line.has_value() || !text.empty()) return damaged;
  return withdrawals;
}

}  // namespace gateway::backup
