// Pipeline as Commands, the part that copies the store while it runs.
#include "gateway/pipeline/call.h"

namespace gateway::pipeline {

StatusOr<std::string> Pipeline::CreateBackup(
    const port::BackupRequest& /*request*/,
    const std::function<bool(uint64_t, uint64_t)>& /*progress*/) {
  return FailedPrecondition("not built yet");
}

}  // namespace gateway::pipeline
