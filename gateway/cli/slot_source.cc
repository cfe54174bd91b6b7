#include "gateway/cli/slot_source.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

#include "gateway/base/file.h"
#include "gateway/crypto/secret.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/slot_secret.h"

namespace gateway::cli {
namespace {

constexpr std::size_t kSmallFileBytesMax = 4096;

// The terminal without echo, until destroyed.
class QuietTerminal {
 public:
  QuietTerminal() : fd_(open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0 || tcgetattr(fd_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet_ = tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (quiet_) tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0) close(fd_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

  StatusOr<std::string> Ask(std::string_view prompt) {
    if (!quiet_) {
      return FailedPrecondition("there is no terminal to ask for a passphrase; use "
                                "--passphrase-file");
    }
    std::string line;
    line.reserve(kSmallFileBytesMax);  // no second copy by growth
    Say(prompt);
    char c = 0;
    while (read(fd_, &c, 1) == 1 && c != '\n' && line.size() < kSmallFileBytesMax) {
      line.push_back(c);
    }
    Say("\n");
    return line;
  }

 private:
  void Say(std::string_view text) {
    if (write(fd_, text.data(), text.size()) < 0) return;  // then nobody reads it
  }
  const int fd_;
  termios before_{};
  bool quiet_ = false;
};

StatusOr<std::string> StewardKey(const std::string& text) {
  if (text.starts_with("ed25519:")) return crypto::ParsePublicKey(text);
  ASSIGN_OR_RETURN(const std::string file, ReadFile(text, kSmallFileBytesMax));
  auto key = crypto::ParsePublicKey(file.substr(0, file.find_last_not_of('\n') + 1));
  if (!key.ok()) return Annotate(key.status(), "file " + text);
  return key;
}

StatusOr<crypto::SecretKey> OfPassphrase(const crypto::Keyslots& keyslots,
                                         std::string_view passphrase) {
  for (const crypto::Keyslot& slot : keyslots.slots) {
    if (slot.type != crypto::SlotType::kPassphrase) continue;
    ASSIGN_OR_RETURN(crypto::SecretKey secret, crypto::SecretOfPassphrase(passphrase, slot.cost));
    if (crypto::SlotPublicKey(secret) == slot.public_key) return secret;
  }
  // The words of OpenMasters: a wrong passphrase and a damaged slot are not told apart.
  return PermissionDenied("none of the %d keyslots opens with it", keyslots.slots.size());
}

}  // namespace

StatusOr<std::string> ReadPassphrase(const std::string& file, bool twice) {
  std::string passphrase;
  if (!file.empty()) {
    ASSIGN_OR_RETURN(passphrase, ReadFile(file, kSmallFileBytesMax));
    const std::size_t end = std::min(passphrase.find('\n'), passphrase.size());
    crypto::Wipe(passphrase.data() + end, passphrase.size() - end);
    passphrase.resize(end);
  } else {
    QuietTerminal terminal;
    ASSIGN_OR_RETURN(passphrase, terminal.Ask("Passphrase: "));
    if (twice) {
      ASSIGN_OR_RETURN(std::string again, terminal.Ask("Again: "));
      const bool same = again == passphrase;
      crypto::Wipe(again.data(), again.size());
      if (!same) return InvalidArgument("the two passphrases differ");
    }
  }
  if (passphrase.empty()) return InvalidArgument("the passphrase is empty");
  return passphrase;
}

StatusOr<std::string> ReadOrMakeKeyFile(const std::string& path) {
  auto text = ReadFile(path, kSmallFileBytesMax);
  if (text.ok() || text.status().code() != StatusCode::kNotFound) return text;
  ASSIGN_OR_RETURN(std::string made, crypto::GenerateKeyFile());
  RETURN_IF_ERROR(WriteFile(path, made, FileMode::kPrivate, IfExists::kRefuse));
  return made;
}

StatusOr<crypto::Keyslot> MakeSlot(const SlotSource& source) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  if (!source.stewards.empty()) {
    std::vector<std::string> keys;
    for (const std::string& text : source.stewards) {
      ASSIGN_OR_RETURN(std::string key, StewardKey(text));
      keys.push_back(std::move(key));
    }
    return crypto::SlotOfStewards(keys, static_cast<std::size_t>(std::max(source.threshold, 0)));
  }
  if (!source.key_file.empty()) {
    ASSIGN_OR_RETURN(std::string key_file, ReadOrMakeKeyFile(source.key_file));
    auto slot = crypto::SlotOfKeyFile(key_file);
    crypto::Wipe(key_file.data(), key_file.size());
    if (!slot.ok()) return Annotate(slot.status(), source.key_file);
    return slot;
  }
  ASSIGN_OR_RETURN(std::string passphrase, ReadPassphrase(source.passphrase_file, true));
  auto slot = crypto::SlotOfPassphrase(passphrase);
  crypto::Wipe(passphrase.data(), passphrase.size());
  return slot;
}

StatusOr<crypto::Keyslots> ReadKeyslotsFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, crypto::kKeyslotsBytesMax));
  auto keyslots = crypto::ParseKeyslots(bytes);
  if (!keyslots.ok()) return Annotate(keyslots.status(), path);
  return keyslots;
}

StatusOr<crypto::SecretKey> FindSecret(const std::string& dir, const SlotSource& source) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  ASSIGN_OR_RETURN(const crypto::Keyslots keyslots, ReadKeyslotsFile(dir + "/keyslots"));
  if (!source.key_file.empty()) {
    ASSIGN_OR_RETURN(std::string key_file, ReadFile(source.key_file, kSmallFileBytesMax));
    auto secret = crypto::SecretOfKeyFile(key_file);
    crypto::Wipe(key_file.data(), key_file.size());
    if (!secret.ok()) return Annotate(secret.status(), source.key_file);
    return secret;
  }
  if (!source.shares.empty()) {
    std::vector<std::string> shares;
    for (const std::string& path : source.shares) {
      ASSIGN_OR_RETURN(std::string share, ReadFile(path, kSmallFileBytesMax));
      shares.push_back(std::move(share));
    }
    auto secret = crypto::SecretOfShares(keyslots, shares);
    for (std::string& share : shares) crypto::Wipe(share.data(), share.size());
    return secret;
  }
  ASSIGN_OR_RETURN(std::string passphrase, ReadPassphrase(source.passphrase_file, false));
  auto secret = OfPassphrase(keyslots, passphrase);
  crypto::Wipe(passphrase.data(), passphrase.size());
  return secret;
}

}  // namespace gateway::cli
