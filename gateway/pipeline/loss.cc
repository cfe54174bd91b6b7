// Pipeline as Commands, the part about what the disk lost.
#include "gateway/pipeline/call.h"

namespace gateway::pipeline {

Status Pipeline::AcknowledgeLoss() {
  return Call<Status>([&]() -> Status {
    if (!losses_->blocking()) return FailedPrecondition("nothing is lost: nothing to acknowledge");
    // First the days, durably; then the report. A crash in between asks the operator once more.
    const Time now = clock_.SystemNow();
    RETURN_IF_ERROR(core_->GiveUpDaysEndedBy(std::max(now, core_->clock_floor())));
    if (losses_->ledger_concerned()) RETURN_IF_ERROR(FenceLog());
    RETURN_IF_ERROR(losses_->Acknowledge());
    return core_->MakeReadable();
  });
}

}  // namespace gateway::pipeline
