// Pipeline: its figures. Each part is read under the lock of whoever counts it, none of which is
// held for long; what the pipeline thread alone knows it leaves behind after each turn.
#include "gateway/pipeline/figures.h"

#include <algorithm>

#include "gateway/pipeline/pipeline.h"

namespace gateway::pipeline {

void Pipeline::PublishGauges() {
  const Gauges gauges{.folded = core_->folded(),
                      .open_days = core_->open_days().days().size(),
                      .devices = core_->registry().device_count(),
                      .released = core_->released(),
                      .suppressed = core_->suppressed(),
                      .duties_missed = core_->duties_missed(),
                      .retention = core_->retention()};
  const MutexLock lock(mutex_);
  gauges_ = gauges;
}

GatewayFigures Pipeline::figures() const {
  GatewayFigures figures;
  {
    const MutexLock lock(mutex_);
    figures.gauges = gauges_;
  }
  figures.journaled = std::max(journal_->last(), figures.gauges.folded);
  figures.intake = counters_.Read();
  figures.ledger_entries = ledger_->size();
  figures.quarantine = quarantine_->counts();
  figures.clock_sound = ClockSound();
  figures.store_paused = !database_->health().ok() || !database_->space().ok();
  figures.blocked_by_loss = losses_->blocking();
  figures.bytes_written = store::DeviceBytesWritten();
  return figures;
}

}  // namespace gateway::pipeline
