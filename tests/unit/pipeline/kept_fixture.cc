#include "tests/unit/pipeline/kept_fixture.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>

#include "gateway/crypto/dsse.h"

namespace gateway::pipeline {
namespace {

template <typename T>
T Must(StatusOr<T> value) {
  if (!value.ok()) {
    ADD_FAILURE() << Message(value.status());
    abort();
  }
  return *std::move(value);
}

void Must(const Status& status) { ASSERT_TRUE(status.ok()) << Message(status); }

std::string Policy(const std::string& retain, bool shared) {
  std::string text =
      "schema: commons-policy/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nactivates: 2012-01-01T00:00:00Z\n"
      "expires: 2100-01-01T00:00:00Z\ntime_zone: Europe/London\n"
      "zone_levels: [point, building, block, neighbourhood, district, city]\n"
      "zones:\n  - {id: town, level: city, homes: 50}\n"
      "  - {id: north, level: neighbourhood, parent: town, homes: 20}\nmetrics:\n";
  std::string collect, consent, share;
  for (const auto& [metric, kind] : {std::pair("used", "delta"), std::pair("index", "counter"),
                                     std::pair("warm", "gauge")}) {
    const std::string id(metric);
    text += "  - {id: " + id + ", unit: Wh, kind: " + kind +
            ", resolution: \"1\", lo: 0, hi: 25000000, interval: PT30M, lateness: PT6H, "
            "sensitivity: household, unit_of_privacy: household}\n";
    collect += "  - {id: c-" + id + ", metric: " + id + ", profile: generic}\n";
    consent += "  - {id: o-" + id + ", metric: " + id +
               ", mode: opt-in, household_rule: all-adults}\n";
    share += "  - {id: s-" + id + ", metric: " + id +
             ", bucket: PT1H, stats: [sum], zone: neighbourhood, purpose: official-stats, to: "
             "[city-hall], age_min: P1D, top1_max_pct: 40, k_min: 3}\n";
  }
  return text +
         "purposes:\n  - {id: official-stats, iri: "
         "\"https://w3id.org/dpv#ProvideOfficialStatistics\"}\ncollect:\n" +
         collect + "retain:\n" + retain + "consent:\n" + consent +
         (shared ? "share:\n" + share : "share: []\n") + "forbid: []\n";
}

}  // namespace

Kept::Kept(const std::string& retain, int households, bool shared)
    : commons_(Commons::WithoutRules{}) {
  const std::string roster =
      "schema: commons-roster/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
      "gateways: [{id: gw-a, zone: north}]\nparties: [{id: city-hall, kind: municipality}]\n";
  Must(commons_.Activate({{crypto::kCharterType, commons_.CharterYaml()},
                          {crypto::kPolicyType, Policy(retain, shared)},
                          {crypto::kRosterType, roster}}));
  std::vector<Member> members;
  for (int i = 0; i < households; ++i) {
    members.push_back(commons_.Invite("flat-" + std::to_string(i)));
    commons_.Confirm(members.back());
  }
  Must(commons_.gateway().Close());
  dir_ = commons_.dir();
  Open();
  for (const Member& member : members) {
    owners_.push_back(vault_->OwnerOf(SubjectId::FromBytes(member.invite.subject)));
  }
}

Kept::~Kept() { Shut(); }

void Kept::Open() {
  database_ = Must(store::Database::Open(dir_.string()));
  vault_ = Must(store::Vault::Open(*database_, Must(crypto::SecretKey::FromBytes(commons_.master()))));
  ledger_ = Must(ledger::Ledger::Open(*vault_));
  syncer_ = std::make_unique<store::Syncer>(*database_);
  losses_ = Must(store::Losses::Load(dir_.string(), Time{}));
  for (uint64_t folded = 0;;) {  // As Pipeline::Start: the numbering goes on after `folded`.
    journal_ = Must(store::Journal::Open(*vault_, folded));
    core_ = std::make_unique<Core>(CoreParts{.vault = *vault_,
                                             .journal = *journal_,
                                             .syncer = *syncer_,
                                             .ledger = *ledger_,
                                             .counters = counters_,
                                             .losses = *losses_,
                                             .gateway = GatewayId("gw-a")});
    Must(core_->Load());
    folded = core_->folded();
    if (folded <= journal_->last()) break;
  }
  Must(core_->FoldThrough(journal_->last()));
}

void Kept::Shut() {
  core_.reset();
  if (syncer_ != nullptr) syncer_->Stop();
  syncer_.reset();
  journal_.reset();
  ledger_.reset();
  vault_.reset();
  database_.reset();
}

void Kept::Reopen() {
  Shut();
  Open();
}

void Kept::Crash() {
  const std::filesystem::path copy =
      commons_.dir().parent_path() / ("kept-" + std::to_string(++crashes_));
  CopyOfOneMoment(dir_, copy);
  Shut();
  dir_ = copy;
  Open();
}

SeriesId Kept::SeriesOf(int household, const std::string& metric) const {
  return vault_->SeriesOf("meter-flat-" + std::to_string(household), metric);
}

void Kept::Send(int household, const std::string& metric, Time time, int64_t value, Time arrival) {
  counters_.Received(1);
  const store::JournalEntry entry{
      .sequence = 0,
      .owner_kind = OwnerKind::kHousehold,
      .owner = OwnerOf(household),
      .arrival = arrival,
      .message_hash = 0,
      .items = {{SeriesOf(household, metric), {.time = time, .value = value}}}};
  Must(journal_->Append(entry, arrival).status());
  Must(core_->FoldThrough(journal_->last()));
}

void Kept::Retain(Time now, const std::function<bool()>& go_on) { Must(core_->Retain(now, go_on)); }

void Kept::Decide(Time now) { Must(core_->DecideDue(now, true).status()); }

std::vector<Reading> Kept::Raw(int household, const std::string& metric) {
  Must(core_->Checkpoint(core_->clock_floor()));
  const BlockLog blocks(*database_, *vault_);
  std::vector<Reading> all;
  for (const uint32_t month : Must(blocks.Months())) {
    Must(blocks.VisitOwner(month, OwnerOf(household),
                           [&](OwnerKind, const OwnerId&, const SeriesId& series,
                               const std::vector<Reading>& readings) {
                             if (series != SeriesOf(household, metric)) return;
                             all.insert(all.end(), readings.begin(), readings.end());
                           }));
  }
  std::sort(all.begin(), all.end(),
            [](const Reading& a, const Reading& b) { return a.time < b.time; });
  return all;
}

std::vector<Rollup> Kept::Rolled(int household, const std::string& metric) {
  return Must(Rollups(*vault_).Read(OwnerOf(household), MetricId(metric),
                                    {At("2012-01-01T00:00:00Z"), At("2020-01-01T00:00:00Z")}));
}

std::map<std::string, uint64_t> Kept::Counts() {
  std::map<std::string, uint64_t> counts;
  for (const port::DoorCount& count : counters_.Read().counts) {
    counts[count.reason] = count.observations;
  }
  return counts;
}

}  // namespace gateway::pipeline
