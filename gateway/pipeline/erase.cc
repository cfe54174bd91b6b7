// Pipeline as Commands, the part that forgets a household.
#include "gateway/pipeline/call.h"

namespace gateway::pipeline {

StatusOr<std::string> Pipeline::EraseHousehold(const std::string& /*household*/) {
  return FailedPrecondition("not built yet");
}

}  // namespace gateway::pipeline
