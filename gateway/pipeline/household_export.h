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

// Streams the archive into `sink`, on any thread.
// Returns FailedPrecondition if the household is erased meanwhile, DataLoss if a row does not open,
// and what `sink` returns: the archive is cut off then.
Status WriteHouseholdExport(store::Vault& vault, const HouseholdFacts& facts,
                            const TarWriter::Sink& sink);

// Its texts: export_texts.cc.
std::string ExportReadme(const HouseholdFacts& facts);
std::string ExportSchema();
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
