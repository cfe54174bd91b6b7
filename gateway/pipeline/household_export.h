// Everything the store has of one household, as one archive for its residents: text, CSV and JSON
// that any program reads. docs/formats.md §export.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/metric.h"
#include "gateway/pipeline/registry.h"
#include "gateway/pipeline/tar.h"
#include "gateway/policy/policy.h"
#include "gateway/store/quarantine.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

inline constexpr std::string_view kExportFormat = "commons-household-export/1";
// A month of readings is cut into entries of about this size, so that memory stays bounded.
inline constexpr std::size_t kExportEntryBytes = 1u << 20;

// What is known without reading the readings: copied on the pipeline's thread.
struct HouseholdFacts {
  std::string commons;
  GatewayId gateway;
  bool replay = false;
  Time now;
  Household household;
  std::vector<Metric> metrics;  // of the policy in force
  std::vector<policy::RetainRule> retain;
};

// What the archive cannot have, because it does not open. As much of it as is known.
struct ExportGap {
  std::string_view tier;  // "raw", "rollup"
  std::string device;     // empty of a rollup
  std::string metric;     // empty of readings: any of the device's
  Time start, end;        // the readings lie between
  std::string arrived;    // UTC month in which they came, "2013-01"; empty of a rollup
  friend auto operator<=>(const ExportGap&, const ExportGap&) = default;
};

// Streams the archive into `sink`, on any thread. What is damaged is left out, and named in
// damaged.txt and household.json, which come last.
// Returns FailedPrecondition if the household is erased meanwhile, and what `sink` returns: the
// archive is cut off then.
Status WriteHouseholdExport(store::Vault& vault, const HouseholdFacts& facts,
                            const TarWriter::Sink& sink);

// Its texts: export_texts.cc.
std::string ExportReadme(const HouseholdFacts& facts);
std::string ExportSchema();
StatusOr<std::string> ExportHouseholdJson(const HouseholdFacts& facts,
                                         const std::map<ExportGap, uint32_t>& gaps);
std::string ExportDamagedText(const std::map<ExportGap, uint32_t>& gaps);  // how many rows of each
std::string ExportQuarantineJson(const std::vector<store::QuarantinedMessage>& messages);
StatusOr<std::string> ExportHouseholdJson(const HouseholdFacts& facts);

// One row of the readings, in either form.
struct ExportedReading {
  std::string_view tier;  // "raw", "rollup"
  std::string device;     // empty of a rollup: it is the household's
  std::string metric, unit;
  Time time;           // of a rollup its bucket's start
  std::string bucket;  // ISO 8601 duration, of a rollup
  std::string value;   // decimal, in the unit
  std::string quality;
  uint32_t readings = 1;
};
std::string_view ExportCsvHeader();
void AppendCsv(const ExportedReading& reading, std::string& out);
void AppendJson(const ExportedReading& reading, std::string& out);

}  // namespace gateway::pipeline
