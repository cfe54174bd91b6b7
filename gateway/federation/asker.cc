#include "gateway/federation/asker.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "commons/v1/federation.grpc.pb.h"
#include "gateway/federation/tls.h"
#include "gateway/model/limits.h"

namespace gateway::federation {
namespace {

using commons::v1::Federation;
using std::chrono::milliseconds;

void SetDeadline(grpc::ClientContext& context, milliseconds timeout) {
  const milliseconds most = limits::kQueryTimeMax;
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_millis(std::min(timeout, most).count(), GPR_TIMESPAN)));
}

std::unique_ptr<Federation::Stub> StubOf(const policy::RosterGateway& via,
                                         const crypto::TlsIdentity& own) {
  return Federation::NewStub(PinnedChannel(via.address, own, via.tls));
}

// gRPC's own text is about sockets and handshakes; what a party can do about it is said here.
Status LinkStatus(const grpc::Status& status, const policy::RosterGateway& via) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return OkStatus();
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return MakeStatus(StatusCode::kDeadlineExceeded,
                        Format("gateway %s at %s: the time was over before all was said",
                               via.id.value(), via.address));
    case grpc::StatusCode::UNAUTHENTICATED:
      return PermissionDenied("gateway %s at %s: it does not know our TLS key; is the roster "
                              "that lists it in force there?", via.id.value(), via.address);
    default:
      return Unavailable("gateway %s at %s: not reached, or it does not know our TLS key, or is "
                         "not who the roster says (%s)", via.id.value(), via.address,
                         std::string(status.error_message()));
  }
}

}  // namespace

Asked AskedOf(policy::Query query, const policy::Roster& roster,
              std::vector<std::string> stewards) {
  Asked asked{.query = std::move(query), .gateways = {}, .stewards = std::move(stewards)};
  for (const policy::RosterGateway& gateway : roster.gateways) {
    asked.gateways.push_back(
        {.gateway = gateway.id, .sign = gateway.sign, .log = gateway.log});
  }
  return asked;
}

AskOutcome Ask(const policy::RosterGateway& via, const crypto::TlsIdentity& own,
               const std::string& envelope, Asked asked, const crypto::BoxKey& opener,
               milliseconds timeout) {
  Merge merge(std::move(asked));
  commons::v1::QueryRequest request;
  request.set_envelope(envelope);
  request.set_hops(limits::kHopsMax);
  const std::unique_ptr<Federation::Stub> stub = StubOf(via, own);
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  const auto reader = stub->Query(&context, request);
  commons::v1::QueryReply reply;
  std::size_t replies = 0;
  while (!merge.Complete() && reader->Read(&reply)) {
    ++replies;
    merge.AddReply({.gateway = std::move(*reply.mutable_gateway()),
                    .sealed = std::move(*reply.mutable_sealed()),
                    .outcome = std::move(*reply.mutable_outcome()),
                    .code = std::move(*reply.mutable_code())},
                   opener);
  }
  const bool complete = merge.Complete();
  if (complete) context.TryCancel();  // What is still on its way would change nothing.
  const Status link = complete ? (reader->Finish(), OkStatus()) : LinkStatus(reader->Finish(), via);
  const bool deadline = link.code() == StatusCode::kDeadlineExceeded;
  if (!link.ok() && !deadline && replies == 0) {
    merge.AddReply({.gateway = via.id.value(), .sealed = "", .outcome = "missing",
                    .code = "UNREACHABLE"}, opener);
  }
  return {.merged = std::move(merge).Finish(deadline), .link = link};
}

StatusOr<commons::v1::CatalogReply> FetchCatalog(const policy::RosterGateway& via,
                                                 const crypto::TlsIdentity& own,
                                                 milliseconds timeout) {
  const std::unique_ptr<Federation::Stub> stub = StubOf(via, own);
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  commons::v1::CatalogReply reply;
  RETURN_IF_ERROR(LinkStatus(stub->Catalog(&context, {}, &reply), via));
  return reply;
}

}  // namespace gateway::federation
