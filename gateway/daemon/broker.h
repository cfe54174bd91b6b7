// How the gateway reaches its broker, from the configuration.
#pragma once

#include "gateway/base/clock.h"
#include "gateway/daemon/config.h"
#include "gateway/ingest/paho_source.h"
#include "gateway/pipeline/pipeline.h"

namespace gateway::daemon {

// All but `filters` and `stop`. Clock and pipeline must outlive the source.
ingest::PahoSourceOptions BrokerOptions(const Config& config, const Clock& real_clock,
                                        pipeline::Pipeline& pipeline);

}  // namespace gateway::daemon
