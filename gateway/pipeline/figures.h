// What a running gateway counts, for its metrics: readable at any time, by any thread.
#pragma once

#include <cstdint>

#include "gateway/pipeline/counters.h"
#include "gateway/port/commands.h"
#include "gateway/store/quarantine.h"

namespace gateway::pipeline {

// What only the pipeline thread knows, as of the end of its last turn.
struct Gauges {
  uint64_t folded = 0;  // last journal number
  uint64_t open_days = 0;
  uint64_t devices = 0;
  uint64_t released = 0, suppressed = 0;  // cells decided since the store was made
  uint64_t duties_missed = 0;  // likewise
  port::RetentionCounts retention;
};

struct GatewayFigures {
  IntakeCounters::Snapshot intake;  // all of one moment
  Gauges gauges;
  uint64_t journaled = 0;  // last journal number; never below gauges.folded
  uint64_t ledger_entries = 0;
  store::Quarantine::Counts quarantine;
  bool clock_sound = true;
  bool store_paused = false;
  bool blocked_by_loss = false;
  uint64_t bytes_written = 0;  // by this process, to devices
};

}  // namespace gateway::pipeline
