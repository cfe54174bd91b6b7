#include "gateway/federation/service.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>

#include "gateway/base/log.h"
#include "gateway/crypto/hash.h"
#include "gateway/federation/tls.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"

namespace gateway::federation {
namespace {

using commons::v1::CatalogReply;
using std::chrono::milliseconds;

// Whoever the roster does not know learns nothing, not even why.
grpc::Status Nothing() { return {grpc::StatusCode::UNAUTHENTICATED, ""}; }

// gRPC takes back what a call uses when the caller's deadline is over: without one, a caller that
// stops reading would keep a thread of ours for ever.
bool EndsInTime(const grpc::ServerContext& context) {
  const milliseconds most = limits::kQueryTimeMax + limits::kDeadlineSlack;
  return gpr_time_cmp(
             gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC),
             gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                          gpr_time_from_millis(most.count(), GPR_TIMESPAN))) <= 0;
}
grpc::Status NoDeadline() {
  return {grpc::StatusCode::INVALID_ARGUMENT,
          Format("a question needs a deadline of at most %d s",
                 std::chrono::seconds(limits::kQueryTimeMax).count())};
}

milliseconds TimeLeft(const grpc::ServerContext& context) {
  const gpr_timespec left =
      gpr_time_sub(gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC),
                   gpr_now(GPR_CLOCK_MONOTONIC));
  const milliseconds most = limits::kQueryTimeMax;
  if (gpr_time_cmp(left, gpr_time_from_millis(most.count(), GPR_TIMESPAN)) > 0) return most;
  return milliseconds(std::max<int64_t>(gpr_time_to_millis(left), 0));
}

bool IsFor(const policy::ShareRule& rule, const Caller& caller) {
  if (caller.party != nullptr) return policy::IsRecipient(rule.to, caller.party->id);
  return std::any_of(rule.to.begin(), rule.to.end(), [](const std::string& recipient) {
    return recipient == "peers" || recipient == "public";
  });
}

std::string_view KindName(MetricKind kind) {
  switch (kind) {
    case MetricKind::kDelta:
      return "delta";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kLevel:
      return "level";
    case MetricKind::kState:
      return "state";
    case MetricKind::kEvent:
      return "event";
  }
  return "";
}

// Cells are made for the zones that a gateway's own lies in, and for those that lie in its own.
bool Serves(const policy::Policy& policy, const policy::Zone& own, const policy::Zone& zone) {
  const policy::Zone& finer = zone.level < own.level ? zone : own;
  const policy::Zone& coarser = zone.level < own.level ? own : zone;
  const auto ancestor = policy.AncestorAt(finer.id, policy.zone_levels[coarser.level]);
  return ancestor.ok() && *ancestor == coarser.id;
}

void Fill(const policy::ShareRule& rule, const policy::Documents& documents,
          const GatewayId& gateway, CatalogReply::Product& product) {
  const policy::Policy& policy = documents.policy;
  product.set_rule(rule.id.value());
  product.set_metric(rule.metric.value());
  if (const Metric* metric = policy.FindMetric(rule.metric)) {
    product.set_unit(metric->unit);
    product.set_resolution(metric->resolution.ToString());
    product.set_kind(std::string(KindName(metric->kind)));
    product.set_owner(metric->owner == OwnerKind::kPlace ? "place" : "household");
  }
  for (const std::string& stat : rule.stats) product.add_stats(stat);
  product.set_bucket(FormatDuration(rule.bucket));
  product.set_zone_level(rule.zone_level);
  const policy::RosterGateway* self = documents.roster.FindGateway(gateway);
  const policy::Zone* own = self == nullptr ? nullptr : policy.FindZone(self->zone);
  for (const policy::Zone& zone : policy.zones) {
    const bool of_level = policy.LevelIndex(rule.zone_level) == zone.level;
    if (of_level && own != nullptr && Serves(policy, *own, zone)) product.add_zones(zone.id.value());
  }
  product.set_purpose(rule.purpose);
  if (const policy::Purpose* purpose = policy.FindPurpose(rule.purpose)) {
    product.set_purpose_iri(purpose->iri);
  }
  product.set_age_min(FormatDuration(rule.age_min));
  product.set_k_min(rule.k_min);
  product.set_top1_max_pct(rule.top1_max_pct);
  product.set_min_count(rule.min_count.value_or(0));
  product.set_top2_max_pct(rule.top2_max_pct);
  product.set_round_to(static_cast<uint64_t>(rule.round_to));
  product.set_redistribution(rule.redistribution);
}

}  // namespace

StatusOr<FederationService::Authorised> FederationService::Authorise(
    const grpc::ServerContext& context) const {
  ASSIGN_OR_RETURN(const std::string pin, PinOfCaller(context));
  Authorised authorised{.documents = directory_.Current(), .caller = {}};
  if (authorised.documents == nullptr) return PermissionDenied("no documents are in force");
  authorised.caller = Directory::WhoHas(*authorised.documents, pin, clock_.SystemNow());
  if (authorised.caller.known()) return authorised;
  Log(LogLevel::kWarning, "call refused: the roster in force does not know the key %s",
      crypto::FormatPin(pin));
  return PermissionDenied("not in the roster");
}

grpc::Status FederationService::Describe(grpc::ServerContext* context,
                                         const commons::v1::DescribeRequest* /*request*/,
                                         commons::v1::DescribeReply* reply) {
  const auto authorised = Authorise(*context);
  if (!authorised.ok()) return Nothing();
  const policy::Documents& documents = *authorised->documents;
  const policy::RosterGateway* self = documents.roster.FindGateway(answering_.gateway);
  reply->set_commons(documents.charter.commons);
  reply->set_gateway(answering_.gateway.value());
  if (self != nullptr) reply->set_zone(self->zone.value());
  reply->set_software(software_);
  reply->set_charter_version(documents.charter.version);
  reply->set_policy_version(documents.policy.version);
  reply->set_roster_version(documents.roster.version);
  if (const auto texts = answering_.cells.documents(); texts != nullptr) {
    reply->set_policy_hash(crypto::Blake2b256(texts->policy));
  }
  reply->set_replay(answering_.cells.replay());
  reply->set_now_ms(answering_.cells.moment().now.time_since_epoch().count());
  reply->set_checkpoint(answering_.cells.checkpoint());
  for (const policy::RosterGateway* peer : documents.roster.PeersOf(answering_.gateway)) {
    reply->add_peers(peer->id.value());
  }
  return grpc::Status::OK;
}

grpc::Status FederationService::Catalog(grpc::ServerContext* context,
                                        const commons::v1::CatalogRequest* /*request*/,
                                        CatalogReply* reply) {
  const auto authorised = Authorise(*context);
  if (!authorised.ok()) return Nothing();
  for (const policy::ShareRule& rule : authorised->documents->policy.share) {
    if (!IsFor(rule, authorised->caller)) continue;
    Fill(rule, *authorised->documents, answering_.gateway, *reply->add_products());
  }
  return grpc::Status::OK;
}

grpc::Status FederationService::Query(grpc::ServerContext* context,
                                      const commons::v1::QueryRequest* request,
                                      grpc::ServerWriter<commons::v1::QueryReply>* writer) {
  const auto authorised = Authorise(*context);
  if (!authorised.ok()) return Nothing();
  if (!EndsInTime(*context)) return NoDeadline();
  questions_.Ask(
      *authorised->documents, authorised->caller, *request, TimeLeft(*context),
      [&](const commons::v1::QueryReply& reply) { return writer->Write(reply); },
      [&] { return context->IsCancelled(); });
  return grpc::Status::OK;
}

}  // namespace gateway::federation
