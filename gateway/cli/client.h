// The connection to the daemon of a directory.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>

#include "commons/v1/admin.grpc.pb.h"
#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/cli/command.h"

namespace gateway::cli {

inline Time TimeOf(int64_t millis) { return Time(Millis(millis)); }
inline int64_t MillisOf(Time time) { return time.time_since_epoch().count(); }

// Thread-compatible. Calls fail after ten minutes: `clock advance` may decide weeks of sheets.
class Client {
 public:
  using Stub = commons::v1::Admin::Stub;

  // Returns Unavailable, and marks the context unreachable, if nobody answers on DIR/admin.sock.
  static StatusOr<std::unique_ptr<Client>> Connect(Context& context);

  template <typename Request, typename Reply>
  StatusOr<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                       const Request& request) {
    grpc::ClientContext call;
    SetDeadline(call);
    Reply reply;
    RETURN_IF_ERROR(Convert((stub_.get()->*method)(&call, request, &reply), call));
    return reply;
  }

  // Calls `visit` for each message of a streamed answer, until it fails; its error is returned.
  template <typename Request, typename Message, typename Visit>
  Status Stream(std::unique_ptr<grpc::ClientReader<Message>> (Stub::*method)(grpc::ClientContext*,
                                                                            const Request&),
                const Request& request, const Visit& visit) {
    grpc::ClientContext call;
    SetDeadline(call);
    const auto reader = (stub_.get()->*method)(&call, request);
    Status visited;
    for (Message message; visited.ok() && reader->Read(&message);) visited = visit(message);
    if (!visited.ok()) call.TryCancel();
    const grpc::Status status = reader->Finish();
    return visited.ok() ? Convert(status, call) : visited;
  }

  // Calls `visit` for each row that matches.
  template <typename Visit>
  Status Query(const commons::v1::CellFilter& filter, const Visit& visit) {
    grpc::ClientContext call;
    SetDeadline(call);
    const auto reader = stub_->Query(&call, filter);
    commons::v1::CellRow row;
    while (reader->Read(&row)) visit(row);
    return Convert(reader->Finish(), call);
  }

  // Calls `visit` for each message. Has no deadline: what streams may take hours, and shows that it
  // goes on.
  template <typename Request, typename Reply, typename Visit>
  Status Stream(std::unique_ptr<grpc::ClientReader<Reply>> (Stub::*method)(grpc::ClientContext*,
                                                                           const Request&),
                const Request& request, const Visit& visit) {
    grpc::ClientContext call;
    const auto reader = (stub_.get()->*method)(&call, request);
    Reply reply;
    while (reader->Read(&reply)) visit(reply);
    return Convert(reader->Finish(), call);
  }

 private:
  Client(Context& context, std::string socket, std::unique_ptr<Stub> stub)
      : context_(context), socket_(std::move(socket)), stub_(std::move(stub)) {}
  static void SetDeadline(grpc::ClientContext& call);
  Status Convert(const grpc::Status& status, const grpc::ClientContext& call);

  Context& context_;
  const std::string socket_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace gateway::cli
