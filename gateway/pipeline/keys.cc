// Pipeline as Commands, the part about what opens the store.
#include "gateway/pipeline/call.h"

namespace gateway::pipeline {

StatusOr<std::vector<port::KeySlotRow>> Pipeline::ListKeySlots() {
  return FailedPrecondition("not built yet");
}

Status Pipeline::AddKeySlot(const std::string& /*slot*/) { return FailedPrecondition("not built yet"); }

Status Pipeline::RemoveKeySlot(const std::string& /*id*/) { return FailedPrecondition("not built yet"); }

StatusOr<uint64_t> Pipeline::RotateKeys(const std::string& /*level*/) {
  return FailedPrecondition("not built yet");
}

}  // namespace gateway::pipeline
