// Commands, cells and devices that a test sets up by hand: what the operator's rim is tested against.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/model/time.h"
#include "gateway/port/cell_source.h"
#include "gateway/port/commands.h"
#include "gateway/port/listening.h"

namespace gateway::testing {

// Answers from its public fields. With `refusal` set, every command refuses with it. Records what
// it was asked. Set it up before the server starts; read it after the call has returned.
class FakeCommands final : public port::Commands {
 public:
  StatusOr<port::HouseholdInvite> AddHousehold(const std::string& household,
                                               const std::string& zone, uint32_t adults) override {
    asked = household + "/" + zone + "/" + std::to_string(adults);
    return Unless(invite);
  }
  Status ConfirmHousehold(const std::string& household,
                          const std::vector<std::string>& acceptances_given,
                          const std::string& confirmation_given) override {
    asked = household;
    acceptances = acceptances_given;
    confirmation = confirmation_given;
    return refusal;
  }
  StatusOr<std::vector<port::HouseholdRow>> ListHouseholds() override { return Unless(households); }
  StatusOr<port::DeviceCredentials> EnrolDevice(const port::DeviceEnrolment& given) override {
    asked = given.device + "/" + (given.place.empty() ? given.household : "place " + given.place);
    enrolment = given;
    return Unless(credentials);
  }
  StatusOr<std::vector<port::DeviceRow>> ListDevices() override { return Unless(devices); }
  StatusOr<std::string> ImportGrant(const std::string& envelope) override {
    asked = envelope;
    return Unless(std::string(32, '\x5a'));
  }
  StatusOr<uint32_t> WithdrawGrants(const std::string& household, const std::string& grant_id,
                                    const std::string& metric) override {
    asked = household + "/" + grant_id + metric;
    return Unless(uint32_t{2});
  }
  StatusOr<std::vector<port::GrantRow>> ListGrants(const std::string& household) override {
    asked = household;
    return Unless(grants);
  }
  StatusOr<std::vector<std::string>> ActivateDocuments(
      const std::vector<std::string>& envelopes) override {
    documents_given = envelopes;
    return Unless(warnings);
  }
  StatusOr<std::vector<port::DocumentRow>> ShowDocuments() override { return Unless(documents); }
  StatusOr<port::Handed> ProposeDocuments(const std::vector<std::string>& envelopes) override {
    documents_given = envelopes;
    return Unless(handed);
  }
  StatusOr<port::ChangeRow> CastVote(const std::string& household,
                                     const std::string& envelope) override {
    asked = household + "/" + envelope;
    return Unless(change);
  }
  StatusOr<port::RulesState> ShowRules() override { return Unless(rules); }
  StatusOr<std::vector<Cell>> PendingCells(const port::CellFilter& filter) override {
    asked_filter = filter;
    return Unless(pending);
  }
  StatusOr<port::Simulation> SimulatePolicy(
      const std::string& proposal, Millis since,
      const std::function<bool(uint64_t done, uint64_t total)>& progress) override {
    asked = proposal + "/" + FormatDuration(since);
    progress(1, 2);
    return Unless(simulation);
  }
  StatusOr<port::CellExplanation> ExplainCell(const std::string& rule, const std::string& zone,
                                              Time start) override {
    asked = rule + "/" + zone + "/" + std::to_string(start.time_since_epoch().count());
    return Unless(explanation);
  }
  StatusOr<uint32_t> AdvanceClock(Time now) override {
    advanced_to = now;
    return Unless(uint32_t{3});
  }
  StatusOr<port::GatewayStatus> GetStatus() override { return Unless(status); }
  StatusOr<port::GatewayPublicKeys> GetKeys() override { return Unless(keys); }
  StatusOr<uint64_t> RetractCell(const std::string& envelope) override {
    retraction = envelope;
    return Unless(uint64_t{41});
  }
  Status AddPlace(const std::string& place, const std::string& zone) override {
    asked = place + "/" + zone;
    return refusal;
  }
  Status ConfirmPlace(const std::string& place, const std::string& confirmation_given) override {
    asked = place;
    confirmation = confirmation_given;
    return refusal;
  }
  StatusOr<std::vector<port::PlaceRow>> ListPlaces() override { return Unless(places); }
  StatusOr<port::DeviceCredentials> RenewLogin(const std::string& device) override {
    asked = device;
    return Unless(credentials);
  }
  StatusOr<port::DeviceCredentials> AddBrokerLogin(const std::string& name,
                                                   const std::string& profile) override {
    asked = name + "/" + profile;
    return Unless(credentials);
  }
  StatusOr<std::vector<port::BrokerLoginRow>> ListBrokerLogins() override {
    return Unless(broker_logins);
  }
  Status RemoveBrokerLogin(const std::string& name) override {
    asked = name;
    return refusal;
  }
  StatusOr<std::vector<port::KeySlotRow>> ListKeySlots() override { return Unless(key_slots); }
  Status AddKeySlot(const std::string& slot) override {
    asked = slot;
    return refusal;
  }
  Status RemoveKeySlot(const std::string& id) override {
    asked = id;
    return refusal;
  }
  StatusOr<uint64_t> RotateKeys(const std::string& level) override {
    asked = level;
    return Unless(uint64_t{5});
  }
  StatusOr<std::string> EraseHousehold(const std::string& household) override {
    asked = household;
    return Unless(receipt);
  }
  StatusOr<std::string> ErasureReceipt(const std::string& household) override {
    asked = household;
    return Unless(receipt);
  }
  Status ExportHousehold(const std::string& household,
                         const std::function<bool(std::string_view)>& sink) override {
    asked = household;
    for (const std::string& chunk : export_chunks) {
      if (!sink(chunk)) break;
    }
    return refusal;
  }
  StatusOr<port::BackupReceipt> CreateBackup(
      const port::BackupRequest& request,
      const std::function<bool(uint64_t, uint64_t)>& progress) override {
    backup = request;
    progress(1, 2);
    return Unless(port::BackupReceipt{.id = backup_id});
  }
  Status AcknowledgeLoss() override {
    asked = "acknowledge";
    return refusal;
  }

  StatusOr<std::vector<port::QuarantineRow>> ListQuarantine(
      const port::QuarantineFilter& filter) override {
    asked = filter.device + "/" + filter.reason;
    return Unless(quarantine);
  }
  StatusOr<port::RetryResult> RetryQuarantine(const port::QuarantineFilter& filter) override {
    asked = "retry " + filter.device + "/" + filter.reason;
    return Unless(port::RetryResult{.tried = 5, .admitted = 3, .observations = 4});
  }
  StatusOr<uint32_t> DropQuarantine(const port::QuarantineFilter& filter) override {
    asked = "drop " + filter.device + "/" + filter.reason;
    return Unless(uint32_t{2});
  }

  Status refusal;
  std::vector<port::QuarantineRow> quarantine;
  port::HouseholdInvite invite;
  std::vector<port::HouseholdRow> households;
  std::vector<port::DeviceRow> devices;
  port::DeviceEnrolment enrolment;
  port::DeviceCredentials credentials;
  std::vector<port::BrokerLoginRow> broker_logins;
  std::vector<port::PlaceRow> places;
  std::vector<port::GrantRow> grants;
  std::vector<std::string> warnings;
  std::vector<port::DocumentRow> documents;
  port::Handed handed;
  port::ChangeRow change;
  port::RulesState rules;
  std::vector<Cell> pending;
  port::CellExplanation explanation;
  port::Simulation simulation;
  port::GatewayStatus status;
  port::GatewayPublicKeys keys;
  std::vector<port::KeySlotRow> key_slots;
  std::string receipt, backup_id;
  std::vector<std::string> export_chunks;
  port::BackupRequest backup;

  std::string asked;
  std::vector<std::string> acceptances, documents_given;
  std::string confirmation;
  std::string retraction;
  port::CellFilter asked_filter;
  Time advanced_to;

 private:
  template <typename T>
  StatusOr<T> Unless(const T& value) const {
    if (!refusal.ok()) return refusal;
    return value;
  }
};

// Shows `cells`, all of them whatever the filter, then ends with `end`.
class FakeCells final : public port::CellSource {
 public:
  Status VisitCells(const port::CellFilter& /*filter*/,
                    const std::function<bool(const port::DecidedCell&)>& visit) const override {
    for (const Cell& cell : cells) {
      port::DecidedCell decided;
      decided.cell = cell;
      decided.retracted = retracted;
      if (!visit(decided)) return OkStatus();
    }
    return end;
  }
  std::shared_ptr<const port::ActiveDocuments> documents() const override { return nullptr; }
  port::Moment moment() const override { return {}; }
  bool replay() const override { return true; }
  std::string checkpoint() const override { return {}; }
  StatusOr<port::LoggedEntry> Logged(uint64_t leaf) const override {
    return NotFound("entry %d", leaf);
  }
  std::vector<port::RetractionRef> RetractionsOf(uint64_t /*leaf*/) const override { return {}; }
  std::vector<Cell> cells;
  std::string retracted;  // of each of them
  Status end;
};

// Hears what its public fields say.
class FakeListening final : public port::Listening {
 public:
  std::vector<port::Stranger> Strangers() const override { return strangers; }
  StatusOr<port::Proposal> Propose(std::string_view heard,
                                   std::string_view profile) const override {
    if (heard != proposal.claim && heard != "secret-0000beef") return NotFound("nothing heard");
    port::Proposal answer = proposal;
    if (!profile.empty()) answer.profile = profile;
    return answer;
  }
  std::optional<Time> LastHeard(const DeviceId& /*device*/) const override { return std::nullopt; }
  std::vector<port::DeviceHearing> Hearing() const override { return hearing; }
  std::vector<port::ProfileRow> Profiles() const override {
    return {{.id = "generic"}, {.id = "tasmota"}};
  }
  port::BrokerState broker() const override { return {}; }
  port::BrokerLogins logins() const override { return broker_logins; }
  bool IsAtBroker(std::string_view login) const override { return login == "commons-there"; }

  std::vector<port::Stranger> strangers;
  port::Proposal proposal;
  std::vector<port::DeviceHearing> hearing;
  port::BrokerLogins broker_logins;
};

// A cell of rule load-hourly in zone north, `hour` hours after 2013-01-14T00:00:00Z.
inline Cell MakeCell(CellStatus cell_status, int hour) {
  constexpr Time kDay{Millis{1'358'121'600'000}};
  Cell cell;
  cell.commons = "riverside";
  cell.gateway = GatewayId("gw-a");
  cell.rule = RuleId("load-hourly");
  cell.policy_version = 7;
  cell.metric = MetricId("load");
  cell.unit = "Wh";
  cell.resolution = "1";
  cell.zone = ZoneId("north");
  cell.window = {kDay + std::chrono::hours(hour), kDay + std::chrono::hours(hour + 1)};
  cell.status = cell_status;
  cell.stats = {"count", "sum", "mean"};
  cell.replay = true;
  if (cell_status == CellStatus::kReleased) {
    cell.figures = Figures{.count = 12, .sum = 34567, .mean = 2881, .completeness_pct = 99,
                           .homes_in_zone = 40};
  }
  return cell;
}

}  // namespace gateway::testing
