// What a pipeline is opened with. Plain data.
#pragma once

#include <chrono>
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
  port::TraitsOf traits = nullptr;  // asked while the pipeline starts and on its thread; null: none
  bool broker_logins = false;  // devices get logins of their own at the broker
  rocksdb::Env* env = nullptr;  // for tests: see store::DatabaseOptions
};

}  // namespace gateway::pipeline
