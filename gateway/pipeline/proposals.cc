#include "gateway/pipeline/proposals.h"

#include "gateway/base/bytes.h"
#include "gateway/pipeline/registry_rows.h"

namespace gateway::pipeline {
namespace {

constexpr std::size_t kHashBytes = 32;

}  // namespace

std::size_t KeptProposal::bytes() const {
  std::size_t sum = 0;
  for (const std::string& envelope : envelopes) sum += envelope.size();
  return sum;
}

std::vector<policy::Proposal> KeptProposal::chain() const {
  std::vector<policy::Proposal> chain;
  for (const std::string& envelope : envelopes) chain.push_back({envelope, first_seen});
  return chain;
}

std::vector<std::string> Proposals::retired_keys() const {
  std::vector<std::string> keys;
  for (const KeptRetirement& retirement : retired) keys.push_back(retirement.key);
  return keys;
}

std::size_t Proposals::bytes() const {
  std::size_t sum = 0;
  for (const auto& [hash, proposal] : open) sum += proposal.bytes();
  return sum;
}

bool Outlives(KeptProposal& proposal, uint64_t version, std::string_view hash) {
  if (proposal.first_version() > version) return true;
  if (proposal.version <= version) return false;
  const std::size_t link = version - proposal.first_version();
  if (proposal.hashes[link] != hash) return false;
  const auto done = static_cast<std::ptrdiff_t>(link + 1);
  proposal.hashes.erase(proposal.hashes.begin(), proposal.hashes.begin() + done);
  proposal.envelopes.erase(proposal.envelopes.begin(), proposal.envelopes.begin() + done);
  return true;
}

std::string EncodeProposal(const KeptProposal& proposal) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(RegistryRow::kProposal)).U8(1);
  out.U8(static_cast<uint8_t>(proposal.kind)).U64(proposal.version);
  out.I64(proposal.first_seen.time_since_epoch().count()).Varint(proposal.hashes.size());
  for (std::size_t i = 0; i < proposal.hashes.size(); ++i) {
    out.Raw(proposal.hashes[i]).Text(proposal.envelopes[i]);
  }
  return out.Take();
}

StatusOr<KeptProposal> DecodeProposal(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != static_cast<uint8_t>(RegistryRow::kProposal) || in.U8() != 1) {
    return DataLoss("registry row: not a proposal of version 1");
  }
  KeptProposal proposal;
  proposal.kind = static_cast<policy::DocumentKind>(in.U8());
  proposal.version = in.U64();
  proposal.first_seen = Time(Millis(in.I64()));
  const uint64_t links = in.Varint();
  for (uint64_t i = 0; i < links && in.ok(); ++i) {
    proposal.hashes.emplace_back(in.Raw(kHashBytes));
    proposal.envelopes.emplace_back(in.Text());
  }
  RETURN_IF_ERROR(in.Finish("registry row of a proposal"));
  if (proposal.hashes.empty() || proposal.version < proposal.hashes.size() ||
      proposal.kind > policy::DocumentKind::kRoster) {
    return DataLoss("registry row: a proposal of nothing");
  }
  return proposal;
}

std::string EncodeRetired(const std::vector<KeptRetirement>& retired) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(RegistryRow::kRetired)).U8(1).Varint(retired.size());
  for (const KeptRetirement& retirement : retired) {
    out.Text(retirement.key).Text(retirement.envelope);
  }
  return out.Take();
}

StatusOr<std::vector<KeptRetirement>> DecodeRetired(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != static_cast<uint8_t>(RegistryRow::kRetired) || in.U8() != 1) {
    return DataLoss("registry row: not retired keys of version 1");
  }
  std::vector<KeptRetirement> retired;
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    KeptRetirement& retirement = retired.emplace_back();
    retirement.key = std::string(in.Text());
    retirement.envelope = std::string(in.Text());
  }
  RETURN_IF_ERROR(in.Finish("registry row of retired keys"));
  return retired;
}

}  // namespace gateway::pipeline
