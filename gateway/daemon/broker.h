// How the gateway reaches its broker, from the configuration.
#pragma once

#include <vector>

#include "gateway/base/clock.h"
#include "gateway/daemon/config.h"
#include "gateway/ingest/paho_source.h"
#include "gateway/ingest/profile.h"
#include "gateway/pipeline/pipeline.h"

namespace gateway::daemon {

// All but `filters` and `stop`. Clock and pipeline must outlive the source.
ingest::PahoSourceOptions BrokerOptions(const Config& config, const Clock& real_clock,
                                        pipeline::Pipeline& pipeline);

// What to subscribe to: the topics of the profiles, of the profiles that devices of the table have for
// themselves, and of what devices announce. Of too many the first kFiltersMax, and the log says so.
std::vector<ingest::Filter> FiltersOf(const std::vector<ingest::Profile>& profiles,
                                      const port::AdmissionTable& table);

// So many filters the profiles leave to devices that have profiles of their own.
std::size_t OwnFiltersMax(const std::vector<ingest::Profile>& profiles);

// What each profile reads, for the operator.
std::vector<port::ProfileRow> RowsOf(const std::vector<ingest::Profile>& profiles);

}  // namespace gateway::daemon
