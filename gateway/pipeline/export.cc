// Pipeline as Commands, the part that gives a household what the store has of it.
#include "gateway/pipeline/call.h"

namespace gateway::pipeline {

Status Pipeline::ExportHousehold(const std::string& /*household*/,
                                 const std::function<bool(std::string_view)>& /*sink*/) {
  return FailedPrecondition("not built yet");
}

}  // namespace gateway::pipeline
