#include "gateway/pipeline/registry.h"

#include <algorithm>

#include "gateway/pipeline/admissions.h"
#include "gateway/pipeline/registry_rows.h"

namespace gateway::pipeline {

using store::Table;

namespace {

bool SameButLogin(const port::EnrolledDevice& a, const port::EnrolledDevice& b) {
  return a.device == b.device && a.profile == b.profile && a.claim == b.claim &&
         a.secret == b.secret && a.own_profile == b.own_profile;
}

}  // namespace

Registry::Registry(store::Vault& vault, port::ProfileFacts facts)
    : vault_(vault),
      facts_(std::move(facts)),
      admissions_(std::make_shared<const Admissions>(nullptr)) {}

Status Registry::Load() {
  households_.clear();
  places_.clear();
  documents_.clear();
  rule_since_.clear();
  bridges_.clear();
  proposals_ = {};
  std::vector<std::string> household_rows;  // need the charter's commons; read after it
  Status failure;
  RETURN_IF_ERROR(vault_.db().Scan(
      Table::kRegistry, "", "", [&](std::string_view key, std::string_view value) {
        StatusOr<std::string> plain = vault_.OpenRow(Table::kRegistry, key, value);
        if (plain.status().code() == StatusCode::kNotFound) return true;  // of an erased household
        failure = plain.status();
        if (!plain.ok()) return false;
        if (!plain->empty() && plain->front() == static_cast<char>(RegistryRow::kHousehold)) {
          household_rows.push_back(*std::move(plain));
        } else {
          failure = LoadRow(*plain);
        }
        return failure.ok();
      }));
  RETURN_IF_ERROR(failure);
  rules_.reset();
  std::string commons;
  if (!documents_.empty()) {
    auto rules = std::make_shared<Rules>();
    ASSIGN_OR_RETURN(rules->documents, policy::ParseStored(stored_payloads()));
    KeepNothingLonger(rules->documents.charter.floors, rules->documents.policy);
    ASSIGN_OR_RETURN(rules->time_zone, TimeZone::Load(rules->documents.policy.time_zone));
    for (const policy::ShareRule& rule : rules->documents.policy.share) {
      if (FindAudience(*audiences_, rule.id, rules->documents.policy.version) == nullptr) {
        return DataLoss("registry: the recipients of a share rule are missing; restore a backup");
      }
    }
    for (const auto& [rule, since] : rule_since_) rules->since[rule] = since.second;
    commons = rules->documents.charter.commons;
    rules_ = std::move(rules);
  }
  for (const std::string& row : household_rows) {
    ASSIGN_OR_RETURN(Household household, DecodeHousehold(row, commons));
    Keep(std::move(household));
  }
  Reindex();
  return OkStatus();
}

Status Registry::LoadRow(std::string_view plain) {
  if (plain.empty()) return DataLoss("registry row: empty");
  if (plain.front() == static_cast<char>(RegistryRow::kRuleSince)) {
    ASSIGN_OR_RETURN(rule_since_, DecodeRuleSince(plain));
    return OkStatus();
  }
  if (plain.front() == static_cast<char>(RegistryRow::kAudiences)) {
    ASSIGN_OR_RETURN(Audiences audiences, DecodeAudiences(plain));
    audiences_ = std::make_shared<const Audiences>(std::move(audiences));
    return OkStatus();
  }
  if (plain.front() == static_cast<char>(RegistryRow::kBridges)) {
    ASSIGN_OR_RETURN(bridges_, DecodeBridges(plain));
    return OkStatus();
  }
  if (plain.front() == static_cast<char>(RegistryRow::kProposal)) {
    ASSIGN_OR_RETURN(KeptProposal proposal, DecodeProposal(plain));
    TakeProposal(std::move(proposal));
    return OkStatus();
  }
  if (plain.front() == static_cast<char>(RegistryRow::kRetired)) {
    ASSIGN_OR_RETURN(proposals_.retired, DecodeRetired(plain));
    return OkStatus();
  }
  ASSIGN_OR_RETURN(auto document, DecodeDocument(plain));
  documents_[document.first] = std::move(document.second);
  return OkStatus();
}

std::map<HouseholdId, Household>& Registry::OfKind(OwnerKind kind) {
  return kind == OwnerKind::kPlace ? places_ : households_;
}

std::shared_ptr<const port::OwnProfile> Registry::ReadOwn(const std::string& own_profile) const {
  return own_profile.empty() || !facts_.read_own ? nullptr : facts_.read_own(own_profile);
}

const Household& Registry::Keep(Household household) {
  household.owner = vault_.OwnerOf(household.subject);
  for (port::EnrolledDevice& device : household.devices) {
    if (device.own == nullptr) device.own = ReadOwn(device.own_profile);
  }
  Household& kept = OfKind(household.kind)[household.id];
  kept = std::move(household);
  return kept;
}

void Registry::Index(const Household& household, std::size_t known) {
  if (household.kind == OwnerKind::kHousehold) subjects_[household.subject] = &household;
  owners_[household.owner] = &household;
  for (const port::EnrolledDevice& enrolled : std::span(household.devices).subspan(known)) {
    const DeviceId& device = enrolled.device;
    devices_[device] = &household;
    claims_.insert(enrolled.claim);
    if (enrolled.own != nullptr) own_filters_ += enrolled.own->filters();
    if (rules_ == nullptr) continue;
    const DeviceKey device_key =
        DeviceKey::FromBytes(vault_.RowPseudonym("device", device.value()));
    const policy::Policy& policy = rules_->documents.policy;
    for (const Metric& metric : policy.metrics) {
      SeriesInfo info{.household = &household, .device = device_key, .metric = metric.id};
      // One zone level per metric (lint), so any rule of the metric names it.
      const std::vector<const policy::ShareRule*> rules = policy.ShareRulesFor(metric.id);
      if (!rules.empty()) {
        if (auto zone = policy.AncestorAt(household.zone, rules[0]->zone_level); zone.ok()) {
          info.sheet_zone = *std::move(zone);
        }
      }
      if (facts_.traits) info.traits = facts_.traits(enrolled, metric);
      series_[vault_.SeriesOf(device.value(), metric.id.value())] = std::move(info);
    }
  }
}

void Registry::Reindex() {
  subjects_.clear();
  owners_.clear();
  devices_.clear();
  claims_.clear();
  series_.clear();
  own_filters_ = 0;
  const auto table = std::make_shared<Admissions>(rules_);
  for (const auto* owners : {&households_, &places_}) {
    for (const auto& [id, owner] : *owners) {
      Index(owner, 0);
      for (const port::EnrolledDevice& device : owner.devices) table->Put(vault_, owner, device);
    }
  }
  table->SetBridges(bridges_);
  admissions_ = table;
}

namespace {

template <typename Index, typename Key>
const Household* Lookup(const Index& index, const Key& key) {
  const auto it = index.find(key);
  return it == index.end() ? nullptr : it->second;
}

}  // namespace

const Household* Registry::FindHousehold(const HouseholdId& id) const {
  const auto it = households_.find(id);
  return it == households_.end() ? nullptr : &it->second;
}
const Household* Registry::FindPlace(const HouseholdId& id) const {
  const auto it = places_.find(id);
  return it == places_.end() ? nullptr : &it->second;
}
bool Registry::IsTaken(const HouseholdId& id) const {
  return households_.contains(id) || places_.contains(id);
}
const Household* Registry::FindSubject(const SubjectId& subject) const {
  return Lookup(subjects_, subject);
}
const Household* Registry::FindDevice(const DeviceId& id) const { return Lookup(devices_, id); }
const Household* Registry::FindOwner(const OwnerId& owner) const { return Lookup(owners_, owner); }
const SeriesInfo* Registry::FindSeries(const SeriesId& series) const {
  const auto it = series_.find(series);
  return it == series_.end() ? nullptr : &it->second;
}

DeviceKey Registry::DeviceOf(const SeriesId& series) const {
  const SeriesInfo* info = FindSeries(series);
  return info == nullptr ? DeviceKey::FromBytes(series.view()) : info->device;
}

std::map<SeriesId, port::SeriesTraits> Registry::TraitsOf(
    const std::map<SeriesId, std::vector<Reading>>& series) const {
  std::map<SeriesId, port::SeriesTraits> traits;
  for (const auto& [id, readings] : series) {
    if (const SeriesInfo* info = FindSeries(id); info != nullptr) traits[id] = info->traits;
  }
  return traits;
}

policy::StoredDocuments Registry::stored_payloads() const {
  policy::StoredDocuments stored;
  const auto payload = [&](policy::DocumentKind kind) {
    const auto it = documents_.find(kind);
    return it == documents_.end() ? std::string() : it->second.payload;
  };
  stored.charter = payload(policy::DocumentKind::kCharter);
  stored.policy = payload(policy::DocumentKind::kPolicy);
  stored.roster = payload(policy::DocumentKind::kRoster);
  return stored;
}

Status Registry::SaveHousehold(store::Batch& batch, const Household& household) {
  // Under a key of its owner, so that nobody reads a name or a grant once that is destroyed.
  const OwnerId owner = vault_.OwnerOf(household.subject);
  return vault_.PutSealed(batch, Table::kRegistry,
                          vault_.RowPseudonym("household", household.id.value()), household.kind,
                          owner, vault_.NewestEpoch(owner, store::kOwnerRegistryEpoch),
                          EncodeHousehold(household));
}

Status Registry::SaveBridges(store::Batch& batch, const std::vector<port::BridgeLogin>& bridges) {
  return vault_.PutOwn(batch, Table::kRegistry, vault_.RowPseudonym("broker", "logins"),
                       EncodeBridges(bridges));
}

void Registry::Forget(const OwnerId& owner) {
  std::erase_if(households_, [&](const auto& entry) { return entry.second.owner == owner; });
  Reindex();
}

void Registry::TakeHousehold(Household household) {
  // The maps' nodes stay where they are, so only the indices change; and they mostly grow.
  const auto old = OfKind(household.kind).find(household.id);
  Household before;
  if (old != OfKind(household.kind).end()) before = std::move(old->second);
  const Household& now = Keep(std::move(household));
  const std::size_t known = before.devices.size();
  if (now.devices.size() < known ||
      !std::ranges::equal(before.devices, std::span(now.devices).first(known), SameButLogin)) {
    return Reindex();
  }
  Index(now, known);
  std::shared_ptr<Admissions> table;
  for (std::size_t i = 0; i < now.devices.size(); ++i) {
    const port::EnrolledDevice& device = now.devices[i];
    if (i < known && before.confirmed_at.has_value() == now.confirmed_at.has_value() &&
        before.devices[i].login == device.login && before.devices[i].password == device.password) {
      continue;
    }
    if (table == nullptr) table = std::make_shared<Admissions>(*admissions_);
    table->Put(vault_, now, device);
  }
  if (table != nullptr) admissions_ = std::move(table);
}

void Registry::TakeBridges(std::vector<port::BridgeLogin> bridges) {
  bridges_ = std::move(bridges);
  const auto table = std::make_shared<Admissions>(*admissions_);
  table->SetBridges(bridges_);
  admissions_ = table;
}

std::shared_ptr<const port::AdmissionTable> Registry::admissions() const { return admissions_; }

Status Registry::SaveActivation(store::Batch& batch, const policy::Activation& activation,
                                const std::map<policy::DocumentKind, std::string>& envelopes,
                                Time now) {
  for (const policy::VerifiedDocument& accepted : activation.accepted) {
    StoredDocument document{.version = accepted.version,
                            .hash = accepted.hash,
                            .payload = accepted.payload,
                            .envelope = envelopes.at(accepted.kind),
                            .signers = accepted.signers};
    const std::string name(policy::DocumentKindName(accepted.kind));
    RETURN_IF_ERROR(vault_.PutOwn(batch, Table::kRegistry, vault_.RowPseudonym("document", name),
                                  EncodeDocument(accepted.kind, document)));
  }
  const policy::Policy& policy = activation.documents.policy;
  Audiences audiences = *audiences_;
  RETURN_IF_ERROR(AppendAudiences(policy, audiences));
  RETURN_IF_ERROR(vault_.PutOwn(batch, Table::kRegistry, vault_.RowPseudonym("rules", "recipients"),
                                EncodeAudiences(audiences)));
  RuleSince since;
  for (const policy::ShareRule& rule : policy.share) {
    std::string fingerprint = RuleFingerprint(rule, policy);
    const auto old = rule_since_.find(rule.id);
    Time from = std::max({now, policy.activates, rule.valid_from.value_or(Time{})});
    if (old != rule_since_.end() && old->second.first == fingerprint) from = old->second.second;
    since[rule.id] = {std::move(fingerprint), from};
  }
  for (const policy::ConsentRule& rule : policy.consent) {
    std::string fingerprint = ConsentFingerprint(rule);
    const auto old = rule_since_.find(rule.id);
    Time from = std::max(now, policy.activates);
    if (old != rule_since_.end() && old->second.first == fingerprint) from = old->second.second;
    since[rule.id] = {std::move(fingerprint), from};
  }
  return vault_.PutOwn(batch, Table::kRegistry, vault_.RowPseudonym("rules", "since"),
                       EncodeRuleSince(since));
}

}  // namespace gateway::pipeline
