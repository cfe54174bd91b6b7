// The worked commons of policies/riverside with dummy keys, and stewards who can sign.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/crypto/dsse.h"
#include "gateway/crypto/sign.h"
#include "gateway/policy/charter.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/roster.h"

namespace gateway::policy {

// A signing key made from 32 times the same byte.
crypto::Signer SignerOf(char seed);
// Ana, Bo and Chi of the charter.
crypto::Signer Ana();
crypto::Signer Bo();
crypto::Signer Chi();

// policies/riverside/NAME.yaml.in, filled.
std::string CharterText();
std::string PolicyText();
std::string RosterText();

// `text` with `from`, which must occur, replaced once.
std::string Replaced(std::string text, std::string_view from, std::string_view to);

// Fail the test if the text does not parse.
Charter CharterOf(const std::string& text);
Policy PolicyOf(const std::string& text);
Roster RosterOf(const std::string& text);

// A serialised envelope with those signatures.
std::string Signed(std::string_view type, std::string_view payload,
                   const std::vector<const crypto::Signer*>& signers);

}  // namespace gateway::policy
