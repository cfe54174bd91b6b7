#include "gateway/pipeline/sheet_index.h"

#include <algorithm>

namespace gateway::pipeline {

uint64_t SheetIndex::covered() const {
  const MutexLock lock(mutex_);
  return covered_;
}

void SheetIndex::Extend(const std::vector<DecidedSheet>& sheets, uint64_t until) {
  const MutexLock lock(mutex_);
  for (const DecidedSheet& sheet : sheets) {
    if (sheet.leaf < covered_) continue;
    const Kind kind{sheet.metric, sheet.zone};
    auto known = std::ranges::find(kinds_, kind);
    if (known == kinds_.end()) known = kinds_.insert(known, kind);
    entries_.push_back({.leaf = sheet.leaf,
                        .window = sheet.window,
                        .kind = static_cast<std::size_t>(known - kinds_.begin())});
  }
  covered_ = std::max(covered_, until);
}

std::vector<LeafRun> SheetIndex::Find(const port::CellFilter& filter, uint64_t watermark) const {
  const MutexLock lock(mutex_);
  std::vector<bool> wanted;
  for (const Kind& kind : kinds_) {
    wanted.push_back((filter.metric.empty() || filter.metric == kind.metric.value()) &&
                     (filter.zone.empty() || filter.zone == kind.zone.value()));
  }
  std::vector<LeafRun> runs;
  bool in_run = false;  // neighbours are read in one go, whatever other entries lie between them
  for (const Entry& entry : entries_) {
    if (entry.leaf >= watermark) break;
    const bool matches = wanted[entry.kind] &&
                         (!filter.from.has_value() || entry.window.end > *filter.from) &&
                         (!filter.until.has_value() || entry.window.start < *filter.until);
    if (matches && !in_run) runs.push_back({.first = entry.leaf, .end = entry.leaf + 1});
    if (matches) runs.back().end = entry.leaf + 1;
    in_run = matches;
  }
  return runs;
}

}  // namespace gateway::pipeline
