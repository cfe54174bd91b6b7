#include "gateway/pipeline/registry_rows.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/hash.h"

namespace gateway::pipeline {
namespace {

// Version 3 ends with the grants. Those before were before the first release.
constexpr uint8_t kHouseholdVersion = 4;
constexpr uint8_t kWithoutObjections = 3;

void PutTime(ByteWriter& out, Time time) { out.I64(time.time_since_epoch().count()); }
Time TakeTime(ByteReader& in) { return Time(Millis(in.I64())); }

void PutList(ByteWriter& out, const std::vector<std::string>& list) {
  out.Varint(list.size());
  for (const std::string& item : list) out.Text(item);
}

std::vector<std::string> TakeList(ByteReader& in) {
  std::vector<std::string> list;
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) list.emplace_back(in.Text());
  return list;
}

void TakeVoices(ByteReader& in, Household& household) {
  const uint64_t objections = in.Varint();
  for (uint64_t i = 0; i < objections && in.ok(); ++i) {
    Objection objection;
    objection.metric = std::string(in.Text());
    objection.at = TakeTime(in);
    objection.grants = static_cast<uint32_t>(in.Varint());
    objection.number = static_cast<uint32_t>(in.Varint());
    household.objections.push_back(std::move(objection));
  }
  const uint64_t notices = in.Varint();
  for (uint64_t i = 0; i < notices && in.ok(); ++i) {
    std::string consent(in.Text());
    household.notices[std::move(consent)] = TakeTime(in);
  }
}

}  // namespace

std::string EncodeHousehold(const Household& household) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(RegistryRow::kHousehold)).U8(kHouseholdVersion);
  out.U8(static_cast<uint8_t>(household.kind));
  out.Text(household.id.value()).Text(household.zone.value()).Raw(household.subject.view());
  out.Text(household.invite_nonce).Varint(household.adults);
  out.U8(household.confirmed_at.has_value() ? 1 : 0);
  PutTime(out, household.confirmed_at.value_or(Time{}));
  PutList(out, household.adult_keys);
  PutList(out, household.acceptances);
  out.Text(household.confirmation);
  out.Varint(household.devices.size());
  for (const port::EnrolledDevice& device : household.devices) {
    out.Text(device.device.value()).Text(device.profile).Text(device.claim);
    out.U8(device.secret ? 1 : 0).Text(device.own_profile);
    out.Text(device.login).Text(device.password);
  }
  out.Varint(household.grants.size());
  for (const GrantRecord& record : household.grants) {
    out.Text(record.envelope).U8(record.withdrawn_at.has_value() ? 1 : 0);
    PutTime(out, record.withdrawn_at.value_or(Time{}));
  }
  out.Varint(household.objections.size());
  for (const Objection& objection : household.objections) {
    out.Text(objection.metric);
    PutTime(out, objection.at);
    out.Varint(objection.grants).Varint(objection.number);
  }
  out.Varint(household.notices.size());
  for (const auto& [consent, since] : household.notices) {
    out.Text(consent);
    PutTime(out, since);
  }
  out.Varint(household.votes.size());
  for (const VoteRecord& record : household.votes) out.Text(record.envelope);
  return out.Take();
}

StatusOr<Household> DecodeHousehold(std::string_view bytes, std::string_view commons) {
  ByteReader in(bytes);
  const bool right_row = in.U8() == static_cast<uint8_t>(RegistryRow::kHousehold);
  const uint8_t version = in.U8();
  if (!right_row || version < kWithoutObjections || version > kHouseholdVersion) {
    return DataLoss("registry row: not a household of version %d", kHouseholdVersion);
  }
  Household household;
  household.kind = static_cast<OwnerKind>(in.U8());
  if (household.kind != OwnerKind::kHousehold && household.kind != OwnerKind::kPlace) {
    return DataLoss("registry row: neither a household nor a place");
  }
  household.id = HouseholdId(std::string(in.Text()));
  household.zone = ZoneId(std::string(in.Text()));
  const std::string_view subject = in.Raw(SubjectId::kBytes);
  if (in.ok()) household.subject = SubjectId::FromBytes(subject);
  household.invite_nonce = std::string(in.Text());
  household.adults = static_cast<uint32_t>(in.Varint());
  const bool confirmed = in.U8() != 0;
  const Time confirmed_at = TakeTime(in);
  if (confirmed) household.confirmed_at = confirmed_at;
  household.adult_keys = TakeList(in);
  household.acceptances = TakeList(in);
  household.confirmation = std::string(in.Text());
  const uint64_t devices = in.Varint();
  for (uint64_t i = 0; i < devices && in.ok(); ++i) {
    port::EnrolledDevice device;
    device.device = DeviceId(std::string(in.Text()));
    device.profile = std::string(in.Text());
    device.claim = std::string(in.Text());
    device.secret = in.U8() != 0;
    device.own_profile = std::string(in.Text());
    device.login = std::string(in.Text());
    device.password = std::string(in.Text());
    household.devices.push_back(std::move(device));
  }
  const uint64_t grants = in.Varint();
  for (uint64_t i = 0; i < grants && in.ok(); ++i) {
    GrantRecord record;
    record.envelope = std::string(in.Text());
    const bool withdrawn = in.U8() != 0;
    const Time withdrawn_at = TakeTime(in);
    if (withdrawn) record.withdrawn_at = withdrawn_at;
    if (!in.ok()) break;
    ASSIGN_OR_RETURN(record.grant, policy::VerifyGrant(record.envelope, commons));
    household.grants.push_back(std::move(record));
  }
  if (version > kWithoutObjections) TakeVoices(in, household);
  const uint64_t votes = version == kWithoutObjections ? 0 : in.Varint();
  for (uint64_t i = 0; i < votes && in.ok(); ++i) {
    VoteRecord record;
    record.envelope = std::string(in.Text());
    if (!in.ok()) break;
    ASSIGN_OR_RETURN(record.vote, policy::VerifyVote(record.envelope, commons));
    household.votes.push_back(std::move(record));
  }
  RETURN_IF_ERROR(in.Finish("registry row of a household"));
  return household;
}

std::string EncodeDocument(policy::DocumentKind kind, const StoredDocument& document) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(RegistryRow::kDocument)).U8(1).U8(static_cast<uint8_t>(kind));
  out.U64(document.version).Text(document.hash).Text(document.payload).Text(document.envelope);
  PutList(out, document.signers);
  return out.Take();
}

StatusOr<std::pair<policy::DocumentKind, StoredDocument>> DecodeDocument(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != static_cast<uint8_t>(RegistryRow::kDocument) || in.U8() != 1) {
    return DataLoss("registry row: not a document of version 1");
  }
  const auto kind = static_cast<policy::DocumentKind>(in.U8());
  StoredDocument document;
  document.version = in.U64();
  document.hash = std::string(in.Text());
  document.payload = std::string(in.Text());
  document.envelope = std::string(in.Text());
  document.signers = TakeList(in);
  RETURN_IF_ERROR(in.Finish("registry row of a document"));
  return std::pair(kind, std::move(document));
}

std::string EncodeBridges(const std::vector<port::BridgeLogin>& bridges) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(RegistryRow::kBridges)).U8(1).Varint(bridges.size());
  for (const port::BridgeLogin& bridge : bridges) {
    out.Text(bridge.name).Text(bridge.profile).Text(bridge.login).Text(bridge.password);
  }
  return out.Take();
}

StatusOr<std::vector<port::BridgeLogin>> DecodeBridges(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != static_cast<uint8_t>(RegistryRow::kBridges) || in.U8() != 1) {
    return DataLoss("registry row: not broker logins of version 1");
  }
  std::vector<port::BridgeLogin> bridges;
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    port::BridgeLogin& bridge = bridges.emplace_back();
    bridge.name = std::string(in.Text());
    bridge.profile = std::string(in.Text());
    bridge.login = std::string(in.Text());
    bridge.password = std::string(in.Text());
  }
  RETURN_IF_ERROR(in.Finish("registry row of broker logins"));
  return bridges;
}

std::string EncodeRuleSince(const RuleSince& rules) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(RegistryRow::kRuleSince)).U8(1).Varint(rules.size());
  for (const auto& [rule, since] : rules) {
    out.Text(rule.value()).Text(since.first);
    PutTime(out, since.second);
  }
  return out.Take();
}

StatusOr<RuleSince> DecodeRuleSince(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != static_cast<uint8_t>(RegistryRow::kRuleSince) || in.U8() != 1) {
    return DataLoss("registry row: not rule ages of version 1");
  }
  RuleSince rules;
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const RuleId rule{std::string(in.Text())};
    std::string fingerprint(in.Text());
    rules[rule] = {std::move(fingerprint), TakeTime(in)};
  }
  RETURN_IF_ERROR(in.Finish("registry row of rule ages"));
  return rules;
}

void KeepNothingLonger(const policy::Floors& floors, policy::Policy& policy) {
  if (!floors.keep_max.has_value()) return;
  for (policy::RetainRule& rule : policy.retain) rule.keep = std::min(rule.keep, *floors.keep_max);
}

std::string RuleFingerprint(const policy::ShareRule& rule, const policy::Policy& policy) {
  ByteWriter out;
  out.Text(rule.metric.value());
  PutList(out, rule.stats);
  out.U8(rule.whole_day ? 1 : 0).I64(rule.bucket.count()).Text(rule.zone_level);
  out.Text(rule.purpose);
  PutList(out, rule.to);
  out.I64(rule.age_min.count()).U32(rule.k_min).U32(rule.top1_max_pct);
  out.U64(rule.min_count.value_or(0));
  PutTime(out, rule.valid_from.value_or(Time{}));
  PutTime(out, rule.valid_until.value_or(Time{}));
  if (const Metric* metric = policy.FindMetric(rule.metric)) {
    out.Text(metric->unit).Text(metric->resolution.ToString()).I64(metric->lo).I64(metric->hi);
    out.I64(metric->interval.count()).I64(metric->lateness.count());
    out.U8(static_cast<uint8_t>(metric->kind)).U8(static_cast<uint8_t>(metric->owner));
    out.I64(metric->bucket_min.count());
  }
  out.Text(policy.time_zone);
  // Which households a zone holds, and what a grant's purpose stands for, must not change within a
  // day either: half of it would be in one sheet and half in another.
  for (const policy::Zone& zone : policy.zones) {
    out.Text(zone.id.value()).U32(zone.level).Text(zone.parent.value());
  }
  const policy::Purpose* purpose = policy.FindPurpose(rule.purpose);
  out.Text(purpose == nullptr ? "" : purpose->iri);
  // Only where they are, so that rules of before there were such fields stay as old as they are.
  if (rule.top2_max_pct != 0) out.Text("top2").U32(rule.top2_max_pct);
  if (rule.round_to != 0) out.Text("round").I64(rule.round_to);
  if (rule.redistribution) out.Text("redistribution");
  return crypto::Blake2b256(out.bytes());
}

std::string ConsentFingerprint(const policy::ConsentRule& rule) {
  ByteWriter out;
  out.Text(rule.id.value()).Text(rule.metric.value());
  out.U8(static_cast<uint8_t>(rule.mode)).U8(static_cast<uint8_t>(rule.household_rule));
  out.I64(rule.notice.count()).U8(rule.reconfirm.has_value() ? 1 : 0);
  out.I64(rule.reconfirm.value_or(Millis(0)).count());
  return crypto::Blake2b256(out.bytes());
}

}  // namespace gateway::pipeline
