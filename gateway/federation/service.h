// The calls of federation.proto. Internal to federation.
#pragma once

#include <string>

#include "commons/v1/federation.grpc.pb.h"
#include "gateway/base/clock.h"
#include "gateway/federation/answering.h"
#include "gateway/federation/directory.h"
#include "gateway/federation/questions.h"

namespace gateway::federation {

// Thread-safe. The arguments of the constructor must outlive it.
class FederationService final : public commons::v1::Federation::Service {
 public:
  FederationService(const Answering& answering, const Directory& directory, Questions& questions,
                    const Clock& clock, std::string software)
      : answering_(answering),
        directory_(directory),
        questions_(questions),
        clock_(clock),
        software_(std::move(software)) {}

  grpc::Status Describe(grpc::ServerContext* context, const commons::v1::DescribeRequest* request,
                        commons::v1::DescribeReply* reply) override;
  grpc::Status Catalog(grpc::ServerContext* context, const commons::v1::CatalogRequest* request,
                       commons::v1::CatalogReply* reply) override;
  grpc::Status Query(grpc::ServerContext* context, const commons::v1::QueryRequest* request,
                     grpc::ServerWriter<commons::v1::QueryReply>* writer) override;

 private:
  // Who calls, by the documents in force now: a connection may be older than they are.
  struct Authorised {
    std::shared_ptr<const policy::Documents> documents;
    Caller caller;
  };
  StatusOr<Authorised> Authorise(const grpc::ServerContext& context) const;

  const Answering& answering_;
  const Directory& directory_;
  Questions& questions_;
  const Clock& clock_;
  const std::string software_;
};

}  // namespace gateway::federation
