// Where a keyslot's secret half comes from, as options say. It is had here, on the operator's side;
// what goes to the daemon is a public key or, to unlock, the 32 bytes that open one slot.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/cli/command.h"
#include "gateway/crypto/keyslots.h"

namespace gateway::cli {

struct SlotSource {
  std::string passphrase_file, key_file;
  std::vector<std::string> shares;    // to unlock
  std::vector<std::string> stewards;  // to add a slot: keys, or files that hold them
  int threshold = 0;
};

// The file's first line, or without a file what is typed, without an echo; `twice` asks again.
// The caller wipes it. Returns InvalidArgument if it is empty or the two differ.
StatusOr<std::string> ReadPassphrase(const std::string& file, bool twice);

// Makes the key file if it is not there.
StatusOr<std::string> ReadOrMakeKeyFile(const std::string& path);

// A slot for exactly one of passphrase file, key file and stewards.
StatusOr<crypto::Keyslot> MakeSlot(const SlotSource& source);

// The secret half of one of DIR/keyslots' slots. Without any option a passphrase is asked for.
// Returns PermissionDenied if it opens none of the slots.
StatusOr<crypto::SecretKey> FindSecret(const std::string& dir, const SlotSource& source);

StatusOr<crypto::Keyslots> ReadKeyslotsFile(const std::string& path);

}  // namespace gateway::cli
