// AdminService, the calls by which rules change.
#include "gateway/admin/answer.h"
#include "gateway/admin/convert.h"
#include "gateway/admin/service.h"
#include "gateway/model/limits.h"

namespace gateway::admin {

grpc::Status AdminService::ProposeDocuments(grpc::ServerContext* context,
                                            const commons::v1::ProposeDocumentsRequest* request,
                                            commons::v1::ProposeDocumentsReply* reply) {
  // An envelope's own size is bounded where it is parsed (crypto/dsse.h).
  constexpr int kEnvelopesMax = 3 * static_cast<int>(limits::kProposalChainMax);
  if (request->envelopes_size() > kEnvelopesMax) {
    return Answer(context, InvalidArgument("documents: %d envelopes, limit %d",
                                           request->envelopes_size(), kEnvelopesMax));
  }
  const auto handed =
      commands_.ProposeDocuments({request->envelopes().begin(), request->envelopes().end()});
  if (!handed.ok()) return Answer(context, handed.status());
  for (const port::ChangeRow& row : handed->changes) *reply->add_changes() = ToMessage(row);
  for (const std::string& effect : handed->effects) reply->add_effects(effect);
  return grpc::Status::OK;
}

grpc::Status AdminService::CastVote(grpc::ServerContext* context,
                                    const commons::v1::CastVoteRequest* request,
                                    commons::v1::CastVoteReply* reply) {
  const auto change = commands_.CastVote(request->household(), request->envelope());
  if (!change.ok()) return Answer(context, change.status());
  *reply->mutable_change() = ToMessage(*change);
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowRules(grpc::ServerContext* context,
                                     const commons::v1::ShowRulesRequest* /*request*/,
                                     commons::v1::ShowRulesReply* reply) {
  const auto state = commands_.ShowRules();
  if (!state.ok()) return Answer(context, state.status());
  for (const port::DocumentRow& row : state->documents) {
    *reply->add_documents() = ToMessage(row);
    reply->mutable_documents(reply->documents_size() - 1)->clear_payload();
  }
  for (const port::ChangeRow& row : state->changes) *reply->add_changes() = ToMessage(row);
  for (const std::string& key : state->retired) reply->add_retired(key);
  return grpc::Status::OK;
}

}  // namespace gateway::admin
