// What a Pipeline is opened with.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/model/ids.h"
#include "gateway/model/limits.h"
#include "gateway/port/intake.h"
#include "gateway/store/database.h"
#include "gateway/store/syncer.h"

namespace gateway::pipeline {

struct PipelineOptions {
  std::string dir;  // of the database
  crypto::MasterKeys master;
  std::string keyslots;  // path of the file; empty: the master key cannot be renewed
  GatewayId gateway;
  const Clock* clock = nullptr;   // outlives the pipeline
  ReplayClock* replay = nullptr;  // the same clock under --replay-clock, else null
  std::chrono::seconds checkpoint_interval = limits::kCheckpointInterval;
  store::SyncerOptions sync = {};
  store::SpaceLimits space{.quota_bytes = 0, .free_bytes_min = limits::kDiskFreeMin};
  port::ProfileFacts facts = {};  // asked while the pipeline starts and on its thread
  // Topic filters that devices may have in profiles of their own, all together.
  std::size_t own_filters_max = limits::kFiltersMax;
  bool broker_logins = false;  // devices get logins of their own at the broker
  rocksdb::Env* env = nullptr;  // for tests: see store::DatabaseOptions
};

}  // namespace gateway::pipeline
