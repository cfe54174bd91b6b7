// The secret half of a keyslot, from a key file, a passphrase or the shares of stewards, and slots
// made for each. All of it happens where the secret is known; the daemon only seals to slots.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/crypto/secret.h"
#include "gateway/crypto/sign.h"

namespace gateway::crypto {

// A key file: "commons-keyslot-v1 x25519 <hex secret>\n". Kept away from the board.
StatusOr<std::string> GenerateKeyFile();
// Return InvalidArgument if it is no key file.
StatusOr<SecretKey> SecretOfKeyFile(std::string_view key_file);
StatusOr<Keyslot> SlotOfKeyFile(std::string_view key_file);

// Argon2id, one lane; seconds, on a small board. Return InvalidArgument if the cost is out of its
// limits, which is checked first, or the passphrase is empty; ResourceExhausted if there is not
// enough memory.
StatusOr<SecretKey> SecretOfPassphrase(std::string_view passphrase, const Argon2Cost& cost);
// With a fresh salt.
StatusOr<Keyslot> SlotOfPassphrase(std::string_view passphrase, Argon2Cost cost = {});

// A fresh secret that any `threshold` of the stewards have together. Each share is sealed to the
// X25519 key of that steward's Ed25519 key; nobody keeps the secret.
// Returns InvalidArgument if a key is none, is there twice, or the numbers do not fit.
StatusOr<Keyslot> SlotOfStewards(const std::vector<std::string>& stewards, std::size_t threshold);

// Opens the steward's share of the slot: "commons-share-v1 <hex slot> <hex number and share>\n".
// Returns NotFound if the slot has none of this steward, DataLoss if it does not open.
StatusOr<std::string> OpenShare(const Keyslot& slot, std::string_view steward_key_file);
// `shares`: texts of OpenShare, as many as the slot needs.
// Returns InvalidArgument if they are too few, of different slots or no shares, PermissionDenied if
// what they give is not the secret of their slot.
StatusOr<SecretKey> SecretOfShares(const Keyslots& keyslots, const std::vector<std::string>& shares);

// For the way to a locked daemon: appends the secret half's bytes. The caller wipes them.
void CopySecret(const SecretKey& secret, std::string& out);

}  // namespace gateway::crypto
