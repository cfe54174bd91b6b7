// age-encryption.org/v1 (https://age-encryption.org/v1), X25519 recipients only: what leaves the
// gateway as a file can be opened without it, by any `age`. No passphrases, no armor. Streams of
// any length in bounded memory: chunks of 64 KiB, each authenticated before it is handed out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/status.h"
#include "gateway/crypto/secret.h"
#include "gateway/crypto/sign.h"

namespace gateway::crypto {

inline constexpr std::size_t kAgeChunkBytes = 64u << 10;
inline constexpr std::size_t kAgeHeaderBytesMax = 64u << 10;
inline constexpr std::size_t kAgeRecipientsMax = 64;

// Whom a file is sealed to. Immutable.
class AgeRecipient {
 public:
  // "age1…". Returns InvalidArgument if it is anything else.
  static StatusOr<AgeRecipient> Parse(std::string_view text);
  // The X25519 form of a resident's signing key, so that one key file does both.
  // Returns InvalidArgument if it is no point of the curve's main subgroup.
  static StatusOr<AgeRecipient> FromEd25519(std::string_view public_key);
  std::string ToString() const;
  const std::string& public_key() const { return public_key_; }
  friend bool operator==(const AgeRecipient&, const AgeRecipient&) = default;

 private:
  friend class AgeIdentity;
  explicit AgeRecipient(std::string public_key) : public_key_(std::move(public_key)) {}
  std::string public_key_;
};

// What opens a file. Move-only. Thread-compatible.
class AgeIdentity {
 public:
  static StatusOr<AgeIdentity> Generate();
  // "AGE-SECRET-KEY-1…"; the caller wipes its own copy. Returns InvalidArgument if it is anything
  // else, ResourceExhausted if the arena of locked keys is full.
  static StatusOr<AgeIdentity> Parse(std::string_view text);
  // Opens what is sealed to AgeRecipient::FromEd25519 of its public key.
  static StatusOr<AgeIdentity> FromSigner(const Signer& signer);
  // The caller wipes it.
  std::string ToString() const;
  const AgeRecipient& recipient() const { return recipient_; }

 private:
  friend class AgeReader;
  static StatusOr<AgeIdentity> FromSecret(SecretKey secret);
  AgeIdentity(SecretKey secret, AgeRecipient recipient)
      : secret_(std::move(secret)), recipient_(std::move(recipient)) {}
  SecretKey secret_;
  AgeRecipient recipient_;
};

// The ChaCha20-Poly1305 stream of a payload. Internal to the two classes below.
class AgeStream {
 public:
  static StatusOr<AgeStream> Start(std::string_view file_key, std::string_view nonce);
  // The counter moves on with every chunk sealed or opened.
  void Seal(std::string_view plaintext, bool last, std::string& out);
  bool Open(std::string_view sealed, bool last, char* plaintext);
  uint64_t chunks() const { return chunks_; }

 private:
  explicit AgeStream(SecretKey key) : key_(std::move(key)) {}
  SecretKey key_;
  uint64_t chunks_ = 0;
};

struct AgeChunk {
  AgeChunk() = default;
  AgeChunk(const AgeChunk&) = delete;
  AgeChunk& operator=(const AgeChunk&) = delete;
  ~AgeChunk() { Wipe(bytes, sizeof(bytes)); }
  char bytes[kAgeChunkBytes];
};

// Seals a stream. Without Finish the file is cut off and no reader takes it for whole. Move-only.
// Thread-compatible.
class AgeWriter {
 public:
  using Sink = std::function<Status(std::string_view sealed)>;
  // Hands the header to `sink`, which must stay valid as long as the writer.
  // Returns InvalidArgument if there is no recipient, more than kAgeRecipientsMax or one of low
  // order, ResourceExhausted if the arena of locked keys is full, and what `sink` returns.
  static StatusOr<AgeWriter> Create(std::span<const AgeRecipient> recipients, Sink sink);
  // Return what `sink` returns; after an error, or after Finish, only FailedPrecondition.
  Status Write(std::string_view plaintext);
  Status Finish();

 private:
  AgeWriter(AgeStream stream, Sink sink);
  Status Put(bool last);
  AgeStream stream_;
  Sink sink_;
  std::unique_ptr<AgeChunk> chunk_;
  std::size_t buffered_ = 0;
  std::string sealed_;
  bool ended_ = false;
};

// Opens a stream. A file is whole only once Next has returned an empty piece. Move-only.
// Thread-compatible.
class AgeReader {
 public:
  // Fills up to `size` bytes and returns how many; 0 is the end.
  using Source = std::function<StatusOr<std::size_t>(char* buffer, std::size_t size)>;
  // Reads the header. Unknown stanzas are ignored, as the format asks.
  // Returns InvalidArgument if it is no age header, PermissionDenied if none of `identities`
  // opens it, DataLoss if it was changed after sealing, and what `source` returns.
  static StatusOr<AgeReader> Open(std::span<const AgeIdentity> identities, Source source);
  // The next authenticated piece (at most kAgeChunkBytes), valid until the next call; empty at the
  // proper end. Returns DataLoss, from then on, if the payload was changed, cut or goes on after
  // its end; what was handed out before is genuine, but not the whole.
  StatusOr<std::string_view> Next();

 private:
  struct Header;
  AgeReader(AgeStream stream, Source source, std::string rest);
  static StatusOr<Header> ReadHeader(const Source& source);
  static Status Unwrap(const Header& header, std::span<const AgeIdentity> identities,
                       std::span<uint8_t> file_key);
  AgeStream stream_;
  Source source_;
  std::string sealed_;  // read ahead
  std::unique_ptr<AgeChunk> chunk_;
  bool last_ = false;
  bool failed_ = false;
};

}  // namespace gateway::crypto
