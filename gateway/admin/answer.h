// How a call of the operator's service refuses. Internal to admin.
#pragma once

#include "gateway/admin/service.h"
#include "gateway/base/status.h"
#include "gateway/model/limits.h"

namespace gateway::admin {

inline grpc::Status Answer(grpc::ServerContext* context, const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  context->AddTrailingMetadata(kRefusedKey, "1");
  return {static_cast<grpc::StatusCode>(status.code()), std::string(Message(status))};
}

// Names end up in rows and in memory; what they may consist of is the pipeline's business.
inline Status CheckName(std::string_view what, std::string_view name) {
  if (name.size() <= limits::kTopicBytesMax) return OkStatus();
  return InvalidArgument("%s: %d bytes, limit %d", what, name.size(), limits::kTopicBytesMax);
}

}  // namespace gateway::admin
