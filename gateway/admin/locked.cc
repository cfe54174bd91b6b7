#include "gateway/admin/locked.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <string.h>

#include <utility>
#include <vector>

#include "gateway/admin/service.h"
#include "gateway/admin/socket.h"
#include "gateway/base/mutex.h"
#include "gateway/model/limits.h"

namespace gateway::admin {
namespace {

constexpr std::string_view kStatusMethod = "/commons.v1.Admin/GetStatus";
constexpr std::string_view kUnlockMethod = "/commons.v1.Admin/Unlock";

template <typename Message>
Status Parse(grpc::ByteBuffer& bytes, Message& message) {
  if (grpc::SerializationTraits<Message>::Deserialize(&bytes, &message).ok()) return OkStatus();
  return InvalidArgument("the request does not parse");
}

template <typename Message>
Status Serialize(const Message& message, grpc::ByteBuffer& bytes) {
  bool own_buffer = false;
  if (grpc::SerializationTraits<Message>::Serialize(message, &bytes, &own_buffer).ok()) {
    return OkStatus();
  }
  return Internal("the reply cannot be serialised");
}

// Every method of every service, so that no call that is added later is forgotten here.
class LockedService final : public grpc::CallbackGenericService {
 public:
  LockedService(std::string gateway, LockedServer::Unlock unlock)
      : gateway_(std::move(gateway)), unlock_(std::move(unlock)) {}

  Status Handle(std::string_view method, grpc::ByteBuffer& request, grpc::ByteBuffer& reply) {
    if (method == kStatusMethod) {
      commons::v1::GetStatusReply status;
      status.set_gateway(gateway_);
      status.set_state("locked");
      return Serialize(status, reply);
    }
    if (method != kUnlockMethod) {
      return FailedPrecondition("the gateway is locked; open it with `commons unlock`");
    }
    commons::v1::UnlockRequest unlock;
    RETURN_IF_ERROR(Parse(request, unlock));
    {
      const MutexLock lock(mutex_);
      const Status unlocked = unlock_(*unlock.mutable_secret());
      explicit_bzero(unlock.mutable_secret()->data(), unlock.secret().size());
      RETURN_IF_ERROR(unlocked);
    }
    return Serialize(commons::v1::UnlockReply(), reply);
  }

 private:
  class Call final : public grpc::ServerGenericBidiReactor {
   public:
    Call(LockedService& service, grpc::GenericCallbackServerContext* context)
        : service_(service), context_(context) {
      StartRead(&request_);
    }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish({grpc::StatusCode::INVALID_ARGUMENT, "a request was expected"});
      const Status status = service_.Handle(context_->method(), request_, reply_);
      if (status.ok()) return StartWriteAndFinish(&reply_, {}, grpc::Status::OK);
      context_->AddTrailingMetadata(kRefusedKey, "1");
      Finish({static_cast<grpc::StatusCode>(status.code()), std::string(Message(status))});
    }
    void OnDone() override { delete this; }  // as gRPC has it: nobody else holds a call

   private:
    LockedService& service_;
    grpc::GenericCallbackServerContext* const context_;
    grpc::ByteBuffer request_, reply_;
  };

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Call(*this, context);
  }

  const std::string gateway_;
  Mutex mutex_;
  const LockedServer::Unlock unlock_;
};

}  // namespace

struct LockedServer::Impl {
  Impl(std::string gateway, Unlock unlock) : service(std::move(gateway), std::move(unlock)) {}
  LockedService service;
  std::string socket_path;
  std::unique_ptr<grpc::Server> server;
};

StatusOr<std::unique_ptr<LockedServer>> LockedServer::Start(const std::string& socket_path,
                                                            std::string gateway, Unlock unlock) {
  auto impl = std::make_unique<Impl>(std::move(gateway), std::move(unlock));
  impl->socket_path = socket_path;
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&impl->service);
  ASSIGN_OR_RETURN(impl->server, ListenPrivately(builder, socket_path));
  return std::unique_ptr<LockedServer>(new LockedServer(std::move(impl)));
}

LockedServer::LockedServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LockedServer::~LockedServer() { Stop(); }

void LockedServer::Stop() {
  StopListening(impl_->server, impl_->socket_path);
}

}  // namespace gateway::admin
