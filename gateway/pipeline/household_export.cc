#include "gateway/pipeline/household_export.h"

#include <optional>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/log.h"
#include "gateway/model/time.h"
#include "gateway/pipeline/rollups.h"
#include "gateway/pipeline/stored_readings.h"

namespace gateway::pipeline {
namespace {

using store::Table;

std::string MonthText(uint32_t month) { return Format("%04d-%02d", month / 12, month % 12 + 1); }

StatusOr<Window> WindowOfMonth(uint32_t month) {
  ASSIGN_OR_RETURN(const Time start, ParseTime(MonthText(month) + "-01T00:00:00Z"));
  ASSIGN_OR_RETURN(const Time end, ParseTime(MonthText(month + 1) + "-01T00:00:00Z"));
  return Window{start, end};
}

// A month's rows in both forms, handed on in entries of bounded size.
class MonthEntries {
 public:
  MonthEntries(TarWriter& tar, std::string_view kind, uint32_t month)
      : tar_(tar), name_(Format("%s-%s", kind, MonthText(month))) {}

  Status Add(const ExportedReading& reading) {
    if (csv_.empty()) {
      csv_ = ExportCsvHeader();
      json_ = "[\n";
    } else {
      json_ += ",\n";
    }
    AppendCsv(reading, csv_);
    AppendJson(reading, json_);
    return json_.size() < kExportEntryBytes ? OkStatus() : Finish();
  }

  Status Finish() {
    if (csv_.empty()) return OkStatus();
    json_ += "\n]\n";
    const std::string name = ++parts_ == 1 ? name_ : Format("%s.%d", name_, parts_);
    RETURN_IF_ERROR(tar_.Add(name + ".csv", csv_));
    RETURN_IF_ERROR(tar_.Add(name + ".json", json_));
    csv_.clear();
    return OkStatus();
  }

 private:
  TarWriter& tar_;
  const std::string name_;
  std::string csv_, json_;
  int parts_ = 0;
};

// Its bits by name, with spaces between.
std::string QualityText(uint8_t quality) {
  std::string text;
  const auto add = [&](std::string_view name) { text += (text.empty() ? "" : " ") + std::string(name); };
  for (const auto& [bit, name] : {std::pair(kQualityArrivalTime, "arrival-time"),
                                  std::pair(kQualityWaited, "waited"),
                                  std::pair(kQualityClockUnsound, "clock-unsound"),
                                  std::pair(kQualityLocalTime, "local-time")}) {
    if ((quality & bit) != 0) add(name);
    quality &= static_cast<uint8_t>(~bit);
  }
  if (quality != 0) add(Format("0x%02x", static_cast<int>(quality)));
  return text;
}

struct SeriesName {
  std::string device;
  const Metric* metric = nullptr;
};
using SeriesNames = std::map<SeriesId, SeriesName>;

SeriesNames NamesOf(const store::Vault& vault, const HouseholdFacts& facts) {
  SeriesNames names;
  for (const port::EnrolledDevice& enrolled : facts.household.devices) {
    const DeviceId& device = enrolled.device;
    for (const Metric& metric : facts.metrics) {
      names[vault.SeriesOf(device.value(), metric.id.value())] = {device.value(), &metric};
    }
  }
  return names;
}

// Readings whose metric the policy dropped are the household's all the same: their integers stand
// for themselves until retention takes them.
ExportedReading RawRow(const SeriesNames& names, const SeriesId& series, const Reading& reading) {
  ExportedReading row{.tier = "raw", .time = reading.time, .quality = QualityText(reading.quality)};
  if (const auto name = names.find(series); name != names.end()) {
    row.device = name->second.device;
    row.metric = name->second.metric->id.value();
    row.unit = name->second.metric->unit;
    row.value = name->second.metric->resolution.Times(reading.value);
  } else {
    row.device = "unknown-" + HexEncode(series.view());
    row.unit = "steps";
    row.value = std::to_string(reading.value);
  }
  return row;
}

std::string BucketOf(const HouseholdFacts& facts, const MetricId& metric) {
  for (const policy::RetainRule& rule : facts.retain) {
    if (rule.metric != metric || rule.tier != policy::RetainTier::kRollup) continue;
    return rule.whole_day ? "P1D" : FormatDuration(rule.bucket);
  }
  return "";
}

// One export as it is written.
class Export {
 public:
  Export(store::Vault& vault, const HouseholdFacts& facts, TarWriter& tar)
      : vault_(vault), facts_(facts), names_(NamesOf(vault, facts)), tar_(tar) {}

  Status AddRaw();
  Status AddRollups();
  const std::map<ExportGap, uint32_t>& gaps() const { return gaps_; }

 private:
  Status AddRollups(const Metric& metric, uint32_t month, MonthEntries& entries);
  void Damaged(const DamagedBlock& block, const Window& window);

  store::Vault& vault_;
  const HouseholdFacts& facts_;
  const SeriesNames names_;
  TarWriter& tar_;
  std::map<ExportGap, uint32_t> gaps_;
};

void Export::Damaged(const DamagedBlock& block, const Window& window) {
  ExportGap gap{.tier = "raw",
                .device = "unknown-" + HexEncode(block.device.view()),
                .metric = {},
                .start = window.start,
                .end = window.end,
                .arrived = MonthText(block.arrived)};
  for (const port::EnrolledDevice& enrolled : facts_.household.devices) {
    const DeviceId& device = enrolled.device;
    if (vault_.RowPseudonym("device", device.value()) == block.device.view()) {
      gap.device = device.value();
    }
  }
  ++gaps_[std::move(gap)];
}

Status Export::AddRaw() {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> months,
                   StoredMonths(vault_, Table::kBlocks, facts_.household.owner));
  for (const uint32_t month : months) {
    ASSIGN_OR_RETURN(const Window window, WindowOfMonth(month));
    MonthEntries entries(tar_, "readings", month);
    const auto add = [&](const SeriesId& series, const std::vector<Reading>& readings) -> Status {
      for (const Reading& reading : readings) {
        RETURN_IF_ERROR(entries.Add(RawRow(names_, series, reading)));
      }
      return OkStatus();
    };
    RETURN_IF_ERROR(VisitStored(vault_, month, facts_.household.owner, add,
                                [&](const DamagedBlock& block) { Damaged(block, window); }));
    RETURN_IF_ERROR(entries.Finish());
  }
  return OkStatus();
}

Status Export::AddRollups(const Metric& metric, uint32_t month, MonthEntries& entries) {
  ASSIGN_OR_RETURN(const Window window, WindowOfMonth(month));
  const auto kept = Rollups(vault_).Read(facts_.household.owner, metric.id, window);
  if (kept.status().code() == StatusCode::kDataLoss) {
    ++gaps_[{.tier = "rollup",
             .device = {},
             .metric = metric.id.value(),
             .start = window.start,
             .end = window.end,
             .arrived = {}}];
    return OkStatus();
  }
  RETURN_IF_ERROR(kept.status());
  std::optional<Rollup> last;  // a bucket that is there twice came back by salvage
  for (const Rollup& rollup : *kept) {
    if (last == rollup) continue;
    last = rollup;
    RETURN_IF_ERROR(entries.Add({.tier = "rollup",
                                 .device = {},
                                 .metric = metric.id.value(),
                                 .unit = metric.unit,
                                 .time = rollup.start,
                                 .bucket = BucketOf(facts_, metric.id),
                                 .value = metric.resolution.Times(rollup.value),
                                 .quality = {},
                                 .readings = rollup.readings}));
  }
  return OkStatus();
}

Status Export::AddRollups() {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> months,
                   StoredMonths(vault_, Table::kRollups, facts_.household.owner));
  for (const uint32_t month : months) {
    MonthEntries entries(tar_, "rollups", month);
    for (const Metric& metric : facts_.metrics) RETURN_IF_ERROR(AddRollups(metric, month, entries));
    RETURN_IF_ERROR(entries.Finish());
  }
  return OkStatus();
}

// Bounded by what one owner may have there.
Status AddQuarantine(const store::Vault& vault, const OwnerId& owner, TarWriter& tar) {
  std::vector<store::QuarantinedMessage> messages;
  RETURN_IF_ERROR(vault.db().Scan(
      Table::kQuarantine, {}, {}, [&](std::string_view key, std::string_view value) {
        const auto head = store::ParseRowHeader(value);
        if (!head.ok() || head->owner != owner) return true;
        auto message = store::Quarantine::ReadRow(vault, key, value);
        if (message.ok()) messages.push_back(*std::move(message));
        return true;
      }));
  return messages.empty() ? OkStatus() : tar.Add("quarantine.json", ExportQuarantineJson(messages));
}

}  // namespace

Status WriteHouseholdExport(store::Vault& vault, const HouseholdFacts& facts,
                            const TarWriter::Sink& sink) {
  const store::Vault::Reader reader(vault);
  TarWriter tar(sink, facts.now);
  RETURN_IF_ERROR(tar.Add("README.txt", ExportReadme(facts)));
  RETURN_IF_ERROR(tar.Add("schema.json", ExportSchema()));
  Export archive(vault, facts, tar);
  // All readings first, then all rollups: what retention rolls up in between is there twice, told
  // apart by its tier, and never missing. Month by month it could be: a civil day lies in two UTC
  // months, and its rollup in the first of them only.
  RETURN_IF_ERROR(archive.AddRaw());
  RETURN_IF_ERROR(archive.AddRollups());
  RETURN_IF_ERROR(AddQuarantine(vault, facts.household.owner, tar));
  if (vault.IsErased(facts.household.owner)) {
    return FailedPrecondition("the household was erased while it was exported");
  }
  if (!archive.gaps().empty()) {
    Log(LogLevel::kError, "export: %u kinds of damaged rows are left out; the archive names them",
        archive.gaps().size());
    RETURN_IF_ERROR(tar.Add("damaged.txt", ExportDamagedText(archive.gaps())));
  }
  ASSIGN_OR_RETURN(const std::string household, ExportHouseholdJson(facts, archive.gaps()));
  RETURN_IF_ERROR(tar.Add("household.json", household));
  return tar.Finish();
}

}  // namespace gateway::pipeline
