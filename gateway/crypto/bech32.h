// Bech32 (BIP 173) without its limit of 90 characters, as age spells its keys.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway::crypto {

// Lower case. `prefix` is lower case too; neither it nor `data` is checked for length. Leaves no
// other copy of the data behind.
std::string Bech32Encode(std::string_view prefix, std::string_view data);

// Returns InvalidArgument unless `text` is, in one case throughout, what Bech32Encode makes for
// this lower-case prefix. The error names nothing of the text, which may be a secret.
StatusOr<std::string> Bech32Decode(std::string_view prefix, std::string_view text);

}  // namespace gateway::crypto
