#include "gateway/pipeline/audience.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/model/limits.h"
#include "gateway/pipeline/registry_rows.h"

namespace gateway::pipeline {
namespace {

constexpr uint8_t kVersion = 1;

bool SameButForVersion(const Audience& a, const Audience& b) {
  return a.purpose == b.purpose && a.purpose_iri == b.purpose_iri && a.recipients == b.recipients;
}

Audience TakeAudience(ByteReader& in) {
  Audience audience;
  audience.since_version = in.U64();
  audience.purpose = std::string(in.Text());
  audience.purpose_iri = std::string(in.Text());
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) audience.recipients.emplace_back(in.Text());
  return audience;
}

}  // namespace

Status AppendAudiences(const policy::Policy& policy, Audiences& audiences) {
  std::size_t total = 0;
  for (const auto& [rule, eras] : audiences) total += eras.size();
  for (const policy::ShareRule& rule : policy.share) {
    const policy::Purpose* purpose = policy.FindPurpose(rule.purpose);
    Audience audience{.since_version = policy.version,
                      .purpose = rule.purpose,
                      .purpose_iri = purpose == nullptr ? "" : purpose->iri,
                      .recipients = rule.to};
    std::vector<Audience>& eras = audiences[rule.id];
    if (!eras.empty() && SameButForVersion(eras.back(), audience)) continue;
    if (++total > limits::kAudiencesMax) {
      return ResourceExhausted("changes of share rules' recipients: more than %d",
                               limits::kAudiencesMax);
    }
    eras.push_back(std::move(audience));
  }
  return OkStatus();
}

const Audience* FindAudience(const Audiences& audiences, const RuleId& rule, uint64_t version) {
  const auto found = audiences.find(rule);
  if (found == audiences.end()) return nullptr;
  const std::vector<Audience>& eras = found->second;
  const auto after = std::upper_bound(
      eras.begin(), eras.end(), version,
      [](uint64_t wanted, const Audience& era) { return wanted < era.since_version; });
  return after == eras.begin() ? nullptr : &*std::prev(after);
}

std::string EncodeAudiences(const Audiences& audiences) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(RegistryRow::kAudiences)).U8(kVersion).Varint(audiences.size());
  for (const auto& [rule, eras] : audiences) {
    out.Text(rule.value()).Varint(eras.size());
    for (const Audience& era : eras) {
      out.U64(era.since_version).Text(era.purpose).Text(era.purpose_iri);
      out.Varint(era.recipients.size());
      for (const std::string& recipient : era.recipients) out.Text(recipient);
    }
  }
  return out.Take();
}

StatusOr<Audiences> DecodeAudiences(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != static_cast<uint8_t>(RegistryRow::kAudiences) || in.U8() != kVersion) {
    return DataLoss("registry row: not recipients of version %d", static_cast<int>(kVersion));
  }
  Audiences audiences;
  const uint64_t rules = in.Varint();
  for (uint64_t i = 0; i < rules && in.ok(); ++i) {
    std::vector<Audience>& eras = audiences[RuleId(std::string(in.Text()))];
    const uint64_t count = in.Varint();
    for (uint64_t j = 0; j < count && in.ok(); ++j) eras.push_back(TakeAudience(in));
  }
  RETURN_IF_ERROR(in.Finish("registry row of recipients"));
  return audiences;
}

}  // namespace gateway::pipeline
