// The registry's rows as bytes: docs/formats.md §registry. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/pipeline/registry.h"

namespace gateway::pipeline {

enum class RegistryRow : uint8_t { kHousehold = 1, kDocument = 2, kRuleSince = 3, kAudiences = 5,
                                    kBridges = 6, kProposal = 7, kRetired = 8 };

std::string EncodeHousehold(const Household& household);
// `owner` is left to the caller, and grants are parsed from their envelopes again.
// Returns DataLoss if the bytes are malformed.
StatusOr<Household> DecodeHousehold(std::string_view bytes, std::string_view commons);

std::string EncodeDocument(policy::DocumentKind kind, const StoredDocument& document);
StatusOr<std::pair<policy::DocumentKind, StoredDocument>> DecodeDocument(std::string_view bytes);

std::string EncodeBridges(const std::vector<port::BridgeLogin>& bridges);
StatusOr<std::vector<port::BridgeLogin>> DecodeBridges(std::string_view bytes);

using RuleSince = std::map<RuleId, std::pair<std::string, Time>>;
std::string EncodeRuleSince(const RuleSince& rules);
StatusOr<RuleSince> DecodeRuleSince(std::string_view bytes);

// Of documents that are read from rows: whatever the policy says, nothing is kept longer than the
// charter lets it. Lint refuses such a policy; this is for whatever gets past it.
void KeepNothingLonger(const policy::Floors& floors, policy::Policy& policy);

// Everything about a consent rule that a resident is told of.
std::string ConsentFingerprint(const policy::ConsentRule& rule);

// Everything about a share rule that decides what it releases, and its metric; two rules with the
// same fingerprint are the same rule.
std::string RuleFingerprint(const policy::ShareRule& rule, const policy::Policy& policy);

}  // namespace gateway::pipeline
