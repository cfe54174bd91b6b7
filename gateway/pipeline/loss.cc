// Pipeline as Commands, the part about what the disk lost.
#include "gateway/pipeline/call.h"

namespace gateway::pipeline {

Status Pipeline::AcknowledgeLoss() { return FailedPrecondition("not built yet"); }

}  // namespace gateway::pipeline
