#include "gateway/admin/service.h"

#include <set>
#include <tuple>
#include <utility>

#include "gateway/admin/answer.h"
#include "gateway/admin/convert.h"
#include "gateway/model/limits.h"

namespace gateway::admin {
namespace {

// For calls that answer with one list of rows.
template <typename Row, typename Reply>
grpc::Status AnswerRows(grpc::ServerContext* context, const StatusOr<std::vector<Row>>& rows,
                        Reply* reply) {
  if (!rows.ok()) return Answer(context, rows.status());
  for (const Row& row : *rows) *reply->add_rows() = ToMessage(row);
  return grpc::Status::OK;
}

// An envelope's own size is bounded where it is parsed (crypto/dsse.h).
Status CheckCount(std::string_view what, int count, std::size_t count_max) {
  if (static_cast<std::size_t>(count) <= count_max) return OkStatus();
  return InvalidArgument("%s: %d envelopes, limit %d", what, count, count_max);
}

// A charter, a policy and a roster.
constexpr std::size_t kDocumentsMax = 3;

using CellName = std::tuple<std::string, std::string, std::string, Time>;
CellName NameOf(const Cell& cell) {
  return {cell.rule.value(), cell.zone.value(), cell.metric.value(), cell.window.start};
}

}  // namespace

grpc::Status AdminService::AddHousehold(grpc::ServerContext* context,
                                        const commons::v1::AddHouseholdRequest* request,
                                        commons::v1::AddHouseholdReply* reply) {
  const Status checked = CheckName("household", request->household());
  if (!checked.ok()) return Answer(context, checked);
  auto invite = commands_.AddHousehold(request->household(), request->zone(), request->adults());
  if (!invite.ok()) return Answer(context, invite.status());
  reply->set_commons(invite->commons);
  reply->set_gateway(invite->gateway);
  reply->set_subject(invite->subject);
  reply->set_nonce(invite->nonce);
  return grpc::Status::OK;
}

grpc::Status AdminService::ConfirmHousehold(grpc::ServerContext* context,
                                            const commons::v1::ConfirmHouseholdRequest* request,
                                            commons::v1::ConfirmHouseholdReply* /*reply*/) {
  const Status checked =
      CheckCount("acceptances", request->acceptances_size(), limits::kAdultsPerHouseholdMax);
  if (!checked.ok()) return Answer(context, checked);
  return Answer(context,
                commands_.ConfirmHousehold(
                    request->household(),
                    {request->acceptances().begin(), request->acceptances().end()},
                    request->confirmation()));
}

grpc::Status AdminService::ListHouseholds(grpc::ServerContext* context,
                                          const commons::v1::ListHouseholdsRequest* /*request*/,
                                          commons::v1::ListHouseholdsReply* reply) {
  return AnswerRows(context, commands_.ListHouseholds(), reply);
}

grpc::Status AdminService::ImportGrant(grpc::ServerContext* context,
                                       const commons::v1::ImportGrantRequest* request,
                                       commons::v1::ImportGrantReply* reply) {
  auto id = commands_.ImportGrant(request->envelope());
  if (!id.ok()) return Answer(context, id.status());
  reply->set_grant_id(*std::move(id));
  return grpc::Status::OK;
}

grpc::Status AdminService::WithdrawGrants(grpc::ServerContext* context,
                                          const commons::v1::WithdrawGrantsRequest* request,
                                          commons::v1::WithdrawGrantsReply* reply) {
  const auto count = commands_.WithdrawGrants(request->household(), request->grant_id(), request->metric());
  if (!count.ok()) return Answer(context, count.status());
  reply->set_withdrawn(*count);
  return grpc::Status::OK;
}

grpc::Status AdminService::ListGrants(grpc::ServerContext* context,
                                      const commons::v1::ListGrantsRequest* request,
                                      commons::v1::ListGrantsReply* reply) {
  return AnswerRows(context, commands_.ListGrants(request->household()), reply);
}

grpc::Status AdminService::ActivateDocuments(
    grpc::ServerContext* context, const commons::v1::ActivateDocumentsRequest* request,
    commons::v1::ActivateDocumentsReply* reply) {
  const Status checked = CheckCount("documents", request->envelopes_size(), kDocumentsMax);
  if (!checked.ok()) return Answer(context, checked);
  const auto warnings =
      commands_.ActivateDocuments({request->envelopes().begin(), request->envelopes().end()});
  if (!warnings.ok()) return Answer(context, warnings.status());
  reply->mutable_warnings()->Add(warnings->begin(), warnings->end());
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowDocuments(grpc::ServerContext* context,
                                         const commons::v1::ShowDocumentsRequest* /*request*/,
                                         commons::v1::ShowDocumentsReply* reply) {
  return AnswerRows(context, commands_.ShowDocuments(), reply);
}

grpc::Status AdminService::Query(grpc::ServerContext* context,
                                 const commons::v1::CellFilter* request,
                                 grpc::ServerWriter<commons::v1::CellRow>* writer) {
  return Answer(context, StreamCells(*request, *writer));
}

Status AdminService::StreamCells(const commons::v1::CellFilter& request,
                                 grpc::ServerWriter<commons::v1::CellRow>& writer) {
  const port::CellFilter filter = FromMessage(request);
  // Pending cells are asked for before the decided ones are read, although they are sent after:
  // a sheet decided in between is then seen twice and sent once, rather than missed.
  ASSIGN_OR_RETURN(std::vector<Cell> pending, commands_.PendingCells(filter));
  std::set<CellName> undecided;
  for (const Cell& cell : pending) undecided.insert(NameOf(cell));

  std::size_t sent = 0;
  bool gone = false;
  bool full = false;
  const auto send = [&](const Cell& cell, const std::string& retracted) {
    full = sent >= limits::kCellsPerAnswerMax;
    if (full) return false;
    ++sent;
    commons::v1::CellRow row = ToMessage(cell);
    row.set_retracted(retracted);
    gone = !writer.Write(row);
    return !gone;
  };
  RETURN_IF_ERROR(cells_.VisitCells(filter, [&](const port::DecidedCell& decided) {
    undecided.erase(NameOf(decided.cell));
    return send(decided.cell, decided.retracted);
  }));
  for (const Cell& cell : pending) {
    if (gone || full) break;
    if (undecided.contains(NameOf(cell))) send(cell, "");
  }
  if (gone) return MakeStatus(StatusCode::kCancelled, "query: the client went away");
  if (full) {
    return ResourceExhausted("query: more than %d cells; narrow it with --from and --until",
                             limits::kCellsPerAnswerMax);
  }
  return OkStatus();
}

grpc::Status AdminService::ExplainCell(grpc::ServerContext* context,
                                       const commons::v1::ExplainCellRequest* request,
                                       commons::v1::ExplainCellReply* reply) {
  const auto explanation = commands_.ExplainCell(request->rule(), request->zone(),
                                                 Time(Millis(request->start_ms())));
  if (!explanation.ok()) return Answer(context, explanation.status());
  *reply->mutable_cell() = ToMessage(explanation->cell);
  reply->mutable_cell()->set_retracted(explanation->retracted);
  reply->set_cell_hash(explanation->cell_hash);
  reply->set_commons(explanation->cell.commons);
  reply->set_reason(std::string(SuppressionReasonName(explanation->reason)));
  reply->set_text(explanation->text);
  return grpc::Status::OK;
}

grpc::Status AdminService::AdvanceClock(grpc::ServerContext* context,
                                        const commons::v1::AdvanceClockRequest* request,
                                        commons::v1::AdvanceClockReply* reply) {
  const auto decided = commands_.AdvanceClock(Time(Millis(request->now_ms())));
  if (!decided.ok()) return Answer(context, decided.status());
  reply->set_sheets_decided(*decided);
  return grpc::Status::OK;
}

grpc::Status AdminService::GetStatus(grpc::ServerContext* context,
                                     const commons::v1::GetStatusRequest* /*request*/,
                                     commons::v1::GetStatusReply* reply) {
  const auto status = commands_.GetStatus();
  if (!status.ok()) return Answer(context, status.status());
  *reply = ToMessage(*status);
  AddHearing(listening_.Hearing(), *reply);
  if (const port::BrokerLogins logins = listening_.logins(); logins.made) {
    auto* message = reply->mutable_broker_logins();
    message->set_wanted(logins.wanted);
    message->set_present(logins.present);
    message->set_problem(logins.problem);
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::GetKeys(grpc::ServerContext* context,
                                   const commons::v1::GetKeysRequest* /*request*/,
                                   commons::v1::GetKeysReply* reply) {
  const auto keys = commands_.GetKeys();
  if (!keys.ok()) return Answer(context, keys.status());
  reply->set_gateway(keys->gateway);
  reply->set_tls(keys->tls);
  reply->set_sign(keys->sign);
  reply->set_log(keys->log);
  return grpc::Status::OK;
}

grpc::Status AdminService::RetractCell(grpc::ServerContext* context,
                                       const commons::v1::RetractCellRequest* request,
                                       commons::v1::RetractCellReply* reply) {
  const auto entry = commands_.RetractCell(request->envelope());
  if (!entry.ok()) return Answer(context, entry.status());
  reply->set_entry(*entry);
  return grpc::Status::OK;
}

grpc::Status AdminService::AddPlace(grpc::ServerContext* context,
                                    const commons::v1::AddPlaceRequest* request,
                                    commons::v1::AddPlaceReply* /*reply*/) {
  const Status checked = CheckName("place", request->place());
  if (!checked.ok()) return Answer(context, checked);
  return Answer(context, commands_.AddPlace(request->place(), request->zone()));
}

grpc::Status AdminService::ConfirmPlace(grpc::ServerContext* context,
                                        const commons::v1::ConfirmPlaceRequest* request,
                                        commons::v1::ConfirmPlaceReply* /*reply*/) {
  return Answer(context, commands_.ConfirmPlace(request->place(), request->confirmation()));
}

grpc::Status AdminService::ListPlaces(grpc::ServerContext* context,
                                      const commons::v1::ListPlacesRequest* /*request*/,
                                      commons::v1::ListPlacesReply* reply) {
  return AnswerRows(context, commands_.ListPlaces(), reply);
}

}  // namespace gateway::admin
