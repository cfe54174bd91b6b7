// How a call of the operator's service refuses. Internal to admin.
#pragma once

#include "gateway/admin/service.h"
#include "gateway/base/status.h"

namespace gateway::admin {

inline grpc::Status Answer(grpc::ServerContext* context, const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  context->AddTrailingMetadata(kRefusedKey, "1");
  return {static_cast<grpc::StatusCode>(status.code()), std::string(Message(status))};
}

}  // namespace gateway::admin
