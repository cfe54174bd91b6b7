#include "gateway/pipeline/household_export.h"

#include <algorithm>
#include <set>

#include "gateway/base/bytes.h"
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
  MonthEntries(TarWriter& tar, uint32_t month) : tar_(tar), name_("readings-" + MonthText(month)) {}

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

std::string QualityText(uint8_t quality) {
  if (quality == kQualityNone) return "";
  if (quality == kQualityArrivalTime) return "arrival-time";
  return Format("0x%02x", static_cast<int>(quality));
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

Status AddRaw(const store::Vault& vault, const HouseholdFacts& facts, const SeriesNames& names,
              uint32_t month, MonthEntries& entries) {
  return VisitStored(vault, month, facts.household.owner,
                     [&](const SeriesId& series, const std::vector<Reading>& block) -> Status {
                       std::vector<Reading> readings = block;
                       std::ranges::sort(readings, {}, &Reading::time);
                       for (const Reading& reading : readings) {
                         RETURN_IF_ERROR(entries.Add(RawRow(names, series, reading)));
                       }
                       return OkStatus();
                     });
}

Status AddRollups(store::Vault& vault, const HouseholdFacts& facts, uint32_t month,
                  MonthEntries& entries) {
  ASSIGN_OR_RETURN(const Window window, WindowOfMonth(month));
  const Rollups rollups(vault);
  for (const Metric& metric : facts.metrics) {
    ASSIGN_OR_RETURN(const std::vector<Rollup> kept,
                     rollups.Read(facts.household.owner, metric.id, window));
    for (const Rollup& rollup : kept) {
      RETURN_IF_ERROR(entries.Add({.tier = "rollup",
                                   .device = {},
                                   .metric = metric.id.value(),
                                   .unit = metric.unit,
                                   .time = rollup.start,
                                   .bucket = BucketOf(facts, metric.id),
                                   .value = metric.resolution.Times(rollup.value),
                                   .quality = {},
                                   .readings = rollup.readings}));
    }
  }
  return OkStatus();
}

}  // namespace

Status WriteHouseholdExport(store::Vault& vault, const HouseholdFacts& facts,
                            const TarWriter::Sink& sink) {
  TarWriter tar(sink, facts.now);
  RETURN_IF_ERROR(tar.Add("README.txt", ExportReadme(facts)));
  RETURN_IF_ERROR(tar.Add("schema.json", ExportSchema()));
  ASSIGN_OR_RETURN(const std::string household, ExportHouseholdJson(facts));
  RETURN_IF_ERROR(tar.Add("household.json", household));
  std::set<uint32_t> months;
  for (const Table table : {Table::kBlocks, Table::kRollups}) {
    ASSIGN_OR_RETURN(const auto some, StoredMonths(vault, table, facts.household.owner));
    months.insert(some.begin(), some.end());
  }
  const SeriesNames names = NamesOf(vault, facts);
  for (const uint32_t month : months) {
    MonthEntries entries(tar, month);
    // Raw first: what retention rolls up in between is there twice, told apart by its tier, and
    // never missing.
    RETURN_IF_ERROR(AddRaw(vault, facts, names, month, entries));
    RETURN_IF_ERROR(AddRollups(vault, facts, month, entries));
    RETURN_IF_ERROR(entries.Finish());
  }
  if (vault.IsErased(facts.household.owner)) {
    return FailedPrecondition("the household was erased while it was exported");
  }
  return tar.Finish();
}

}  // namespace gateway::pipeline
