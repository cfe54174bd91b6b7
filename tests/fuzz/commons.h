// The small commons of the fuzzed world: three documents in which every field occurs, and the three
// stewards who sign them, two of whom are enough.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/crypto/sign.h"
#include "gateway/policy/documents.h"

namespace gateway::fuzz {

const crypto::Signer& Steward(std::size_t number);  // 0 to 2

const std::string& CharterText();
const std::string& PolicyText();
const std::string& RosterText();
// The three of them, parsed.
const policy::Documents& Commons();

// An envelope that stewards 0 and 1 signed.
std::string SignedByStewards(std::string_view type, std::string payload);

}  // namespace gateway::fuzz
