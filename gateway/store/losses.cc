#include "gateway/store/losses.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"

namespace gateway::store {
namespace {

constexpr std::string_view kHeader = "commons losses 1";
constexpr std::size_t kFileBytesMax = 256u << 10;
constexpr std::size_t kSumBytes = 32;  // hex digits
constexpr std::string_view kMore = "more than this report can hold";

std::string PathIn(const std::string& dir) { return dir + "/losses"; }

// One field of a line: no tab or line break gets in, whatever a file is called.
std::string Field(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string SumOf(std::string_view text) {
  return HexEncode(crypto::Blake2b128(text)).substr(0, kSumBytes);
}

std::string Serialize(const std::vector<Loss>& losses) {
  std::string text = std::string(kHeader) + "\n";
  for (const Loss& loss : losses) {
    text += Format("%s\t%s\t%s\t%s\n", FormatTime(loss.found), loss.ledger ? "ledger" : "-",
                   Field(loss.file), Field(loss.what));
  }
  return text + "sum " + SumOf(text) + "\n";
}

// What can still be read of `text`, line by line; whether all of it is as it was written.
bool Parse(std::string_view text, std::vector<Loss>& losses) {
  const std::size_t tail = 4 + kSumBytes + 1;
  const bool whole = text.size() > tail && text.starts_with(kHeader) &&
                     text.substr(text.size() - tail) ==
                         "sum " + SumOf(text.substr(0, text.size() - tail)) + "\n";
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == '\t') {
        fields.emplace_back();
      } else {
        fields.back().push_back(c);
      }
    }
    if (fields.size() != 4 || losses.size() >= limits::kLossesMax) continue;
    const StatusOr<Time> found = ParseTime(fields[0]);
    if (!found.ok()) continue;
    losses.push_back({.what = Field(fields[3]),
                      .file = Field(fields[2]),
                      .found = *found,
                      .ledger = fields[1] != "-"});  // a damaged mark is taken for the worse
  }
  return whole;
}

}  // namespace

std::string Describe(const Loss& loss) {
  const std::string file = loss.file.empty() ? "" : " (file " + loss.file + ")";
  return Format("%s%s, found %s", loss.what, file, FormatTime(loss.found));
}

bool HasLossReport(const std::string& dir) {
  std::error_code ignored;
  return std::filesystem::exists(PathIn(dir), ignored);
}

StatusOr<std::unique_ptr<Losses>> Losses::Load(const std::string& dir, Time now) {
  std::unique_ptr<Losses> report(new Losses(PathIn(dir)));
  const StatusOr<std::string> text = ReadFile(report->path_, kFileBytesMax);
  if (text.status().code() == StatusCode::kNotFound) {
    RETURN_IF_ERROR(report->Write({}));
    return report;
  }
  if (text.status().code() == StatusCode::kUnavailable) return text.status();
  std::vector<Loss> losses;
  const bool whole = text.ok() && Parse(*text, losses);
  if (!whole) {
    losses.push_back({.what = "part of the report of earlier losses",
                      .file = "losses",
                      .found = now,
                      .ledger = true});  // nobody knows any more
    RETURN_IF_ERROR(report->Write(losses));
  }
  const MutexLock lock(report->mutex_);
  report->blocking_.store(!losses.empty());
  report->losses_ = std::move(losses);
  return report;
}

Status Losses::Write(const std::vector<Loss>& losses) const {
  return WriteFile(path_, Serialize(losses), FileMode::kPrivate, IfExists::kReplace);
}

Status Losses::Add(const Loss& loss) { return AddAll({loss}); }

Status Losses::AddAll(const std::vector<Loss>& losses) {
  const MutexLock lock(mutex_);
  bool changed = false;
  for (const Loss& loss : losses) {
    const bool known = std::any_of(losses_.begin(), losses_.end(), [&](const Loss& other) {
      return other.what == loss.what && other.file == loss.file && other.ledger == loss.ledger;
    });
    if (known) continue;
    changed = true;
    blocking_.store(true, std::memory_order_release);
    if (losses_.size() < limits::kLossesMax) {
      losses_.push_back(loss);
    } else {
      losses_.back() = {.what = std::string(kMore),
                        .file = {},
                        .found = loss.found,
                        .ledger = losses_.back().ledger || loss.ledger};
    }
    Log(LogLevel::kError, "store: lost: %s; nothing is released until `commons store acknowledge`",
        Describe(loss));
  }
  return changed ? Write(losses_) : OkStatus();
}

std::vector<Loss> Losses::all() const {
  const MutexLock lock(mutex_);
  return losses_;
}

bool Losses::ledger_concerned() const {
  const MutexLock lock(mutex_);
  return std::any_of(losses_.begin(), losses_.end(), [](const Loss& loss) { return loss.ledger; });
}

Status Losses::Acknowledge() {
  const MutexLock lock(mutex_);
  if (losses_.empty()) return OkStatus();
  RETURN_IF_ERROR(Write({}));
  losses_.clear();
  blocking_.store(false, std::memory_order_release);
  return OkStatus();
}

}  // namespace gateway::store
