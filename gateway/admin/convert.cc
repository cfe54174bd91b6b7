#include "gateway/admin/convert.h"

#include <algorithm>
#include <map>

namespace gateway::admin {
namespace {

int64_t ToMillis(Time time) { return time.time_since_epoch().count(); }
Time FromMillis(int64_t millis) { return Time(Millis(millis)); }

bool Releases(const Cell& cell, std::string_view stat) {
  return std::find(cell.stats.begin(), cell.stats.end(), stat) != cell.stats.end();
}

}  // namespace

commons::v1::CellRow ToMessage(const Cell& cell) {
  commons::v1::CellRow row;
  row.set_gateway(cell.gateway.value());
  row.set_rule(cell.rule.value());
  row.set_policy_version(cell.policy_version);
  row.set_metric(cell.metric.value());
  row.set_unit(cell.unit);
  row.set_resolution(cell.resolution);
  row.set_zone(cell.zone.value());
  row.set_start_ms(ToMillis(cell.window.start));
  row.set_end_ms(ToMillis(cell.window.end));
  row.set_status(std::string(CellStatusName(cell.status)));
  row.set_replay(cell.replay);
  if (cell.status == CellStatus::kReleased && cell.figures.has_value()) {
    auto* figures = row.mutable_figures();
    if (cell.figures->below.has_value()) {
      figures->set_below(*cell.figures->below);
    } else {
      if (Releases(cell, "count")) figures->set_count(cell.figures->count);
      if (Releases(cell, "sum")) figures->set_sum(cell.figures->sum);
      if (Releases(cell, "mean")) figures->set_mean(cell.figures->mean);
      figures->set_completeness_pct(cell.figures->completeness_pct);
    }
    figures->set_homes_in_zone(cell.figures->homes_in_zone);
  }
  return row;
}

commons::v1::ListHouseholdsReply::Row ToMessage(const port::HouseholdRow& row) {
  commons::v1::ListHouseholdsReply::Row message;
  message.set_household(row.household);
  message.set_zone(row.zone);
  message.set_state(row.state);
  message.set_subject(row.subject);
  message.set_adults(row.adults);
  message.set_devices(row.devices);
  message.set_grants(row.grants);
  return message;
}

commons::v1::ListDevicesReply::Row ToMessage(const port::DeviceRow& row) {
  commons::v1::ListDevicesReply::Row message;
  message.set_device(row.device);
  message.set_household(row.household);
  message.set_place(row.place);
  message.set_profile(row.profile);
  message.set_claim(row.claim);
  return message;
}

commons::v1::DiscoverDevicesReply::Row ToMessage(const port::Stranger& stranger) {
  commons::v1::DiscoverDevicesReply::Row message;
  message.set_heard(stranger.claim);
  message.set_secret(stranger.secret);
  message.set_profile(stranger.profile);
  message.mutable_metrics()->Add(stranger.metrics.begin(), stranger.metrics.end());
  message.mutable_topics()->Add(stranger.topics.begin(), stranger.topics.end());
  message.set_messages(stranger.messages);
  message.set_first_ms(ToMillis(stranger.first));
  message.set_last_ms(ToMillis(stranger.last));
  return message;
}

void AddHearing(const std::vector<port::DeviceHearing>& devices,
                commons::v1::GetStatusReply& status) {
  std::map<std::string_view, uint64_t> counts;
  for (const port::DeviceHearing& device : devices) ++counts[device.state];
  for (const auto& [state, count] : counts) {
    auto* row = status.add_device_states();
    row->set_state(std::string(state));
    row->set_devices(count);
  }
}

commons::v1::ListPlacesReply::Row ToMessage(const port::PlaceRow& row) {
  commons::v1::ListPlacesReply::Row message;
  message.set_place(row.place);
  message.set_zone(row.zone);
  message.set_state(row.state);
  message.set_subject(row.subject);
  message.set_devices(row.devices);
  return message;
}

commons::v1::ListGrantsReply::Row ToMessage(const port::GrantRow& row) {
  commons::v1::ListGrantsReply::Row message;
  message.set_id(row.id);
  message.set_household(row.household);
  message.set_state(row.state);
  message.mutable_metrics()->Add(row.metrics.begin(), row.metrics.end());
  message.mutable_purposes()->Add(row.purposes.begin(), row.purposes.end());
  message.mutable_recipients()->Add(row.recipients.begin(), row.recipients.end());
  message.set_not_before_ms(ToMillis(row.not_before));
  message.set_not_after_ms(ToMillis(row.not_after));
  return message;
}

commons::v1::ShowDocumentsReply::Row ToMessage(const port::DocumentRow& row) {
  commons::v1::ShowDocumentsReply::Row message;
  message.set_type(row.type);
  message.set_version(row.version);
  message.set_hash(row.hash);
  message.set_payload(row.payload);
  message.mutable_signers()->Add(row.signers.begin(), row.signers.end());
  message.set_expires_ms(ToMillis(row.expires));
  message.set_serves_until_ms(ToMillis(row.serves_until));
  return message;
}

commons::v1::ChangeRow ToMessage(const port::ChangeRow& row) {
  commons::v1::ChangeRow message;
  message.set_type(row.type);
  message.set_version(row.version);
  message.set_hash(row.hash);
  message.set_stage(row.stage);
  message.set_change(row.change);
  for (const std::string& text : row.differences) message.add_differences(text);
  for (const std::string& text : row.signatures) message.add_signatures(text);
  message.set_first_seen_ms(ToMillis(row.first_seen));
  message.set_due_ms(ToMillis(row.due));
  message.set_timed(row.timed);
  message.set_waits_for(row.waits_for);
  message.set_households(row.households);
  message.set_objecting(row.objecting);
  message.set_approving(row.approving);
  return message;
}

commons::v1::GetStatusReply ToMessage(const port::GatewayStatus& status) {
  commons::v1::GetStatusReply message;
  message.set_commons(status.commons);
  message.set_gateway(status.gateway);
  message.set_state("open");
  message.set_origin(status.origin);
  message.set_replay(status.replay);
  message.set_now_ms(ToMillis(status.now));
  message.set_clock_sound(status.clock_sound);
  message.set_broker_connected(status.broker.connected);
  for (const std::string& warning : status.broker.warnings) message.add_warnings(warning);
  for (const std::string& warning : status.expiry) message.add_warnings(warning);
  message.set_broker_dropped(status.broker.dropped);
  message.set_broker_sessions_lost(status.broker.sessions_lost);
  message.set_policy_version(status.policy_version);
  message.set_received(status.received);
  const auto add = [](const std::vector<port::DoorCount>& counts, auto& rows) {
    for (const port::DoorCount& count : counts) {
      auto* row = rows.Add();
      row->set_outcome(count.outcome);
      row->set_reason(count.reason);
      row->set_observations(count.observations);
    }
  };
  add(status.counts, *message.mutable_counts());
  add(status.odd, *message.mutable_odd());
  message.set_waiting(status.waiting);
  message.set_late(status.late);
  message.set_untimed(status.untimed);
  message.set_retried(status.retried);
  message.set_in_quarantine(status.in_quarantine);
  message.set_journaled(status.journaled);
  message.set_folded(status.folded);
  message.set_households(status.households);
  message.set_devices(status.devices);
  message.set_open_days(status.open_days);
  message.set_ledger_size(status.ledger_size);
  message.set_ledger_root(status.ledger_root);
  message.set_released(status.released);
  message.set_suppressed(status.suppressed);
  for (const std::string& duty : status.duties) message.add_duties(duty);
  for (const std::string& lost : status.lost) message.add_lost(lost);
  auto* retention = message.mutable_retention();
  retention->set_rolled_up(status.retention.rolled_up);
  retention->set_erased(status.retention.erased);
  retention->set_erased_rollups(status.retention.erased_rollups);
  retention->set_keys_destroyed(status.retention.keys_destroyed);
  retention->set_bytes(status.retention.bytes);
  retention->set_last_run_ms(ToMillis(status.retention.last_run));
  message.set_store(status.store);
  message.set_bytes_written(status.bytes_written);
  return message;
}

port::QuarantineFilter FromMessage(const commons::v1::QuarantineFilter& message) {
  return {.device = message.device(), .reason = message.reason()};
}

port::CellFilter FromMessage(const commons::v1::CellFilter& message) {
  port::CellFilter filter;
  filter.metric = message.metric();
  filter.zone = message.zone();
  filter.rule = message.rule();
  if (message.has_from_ms()) filter.from = FromMillis(message.from_ms());
  if (message.has_until_ms()) filter.until = FromMillis(message.until_ms());
  return filter;
}

}  // namespace gateway::admin
