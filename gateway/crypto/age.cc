#include "gateway/crypto/age.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/crypto/box.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/hkdf.h"
#include "gateway/crypto/insecure_access.h"

namespace gateway::crypto {
namespace {

constexpr std::string_view kVersionLine = "age-encryption.org/v1";
constexpr std::string_view kX25519Info = "age-encryption.org/v1/X25519";
constexpr std::string_view kX25519 = "X25519";
constexpr std::size_t kFileKeyBytes = 16;
constexpr std::size_t kStreamNonceBytes = 16;
constexpr std::size_t kTagSize = crypto_aead_chacha20poly1305_ietf_ABYTES;
constexpr std::size_t kWrappedBytes = kFileKeyBytes + kTagSize;
constexpr std::size_t kPointBytes = crypto_scalarmult_BYTES;
constexpr std::size_t kSealedChunkBytes = kAgeChunkBytes + kTagSize;
constexpr std::size_t kBodyColumns = 64;
constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;

using ChunkNonce = std::array<unsigned char, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* Unsigned(std::string& bytes, std::size_t offset = 0) {
  return reinterpret_cast<unsigned char*>(bytes.data() + offset);
}

// Sixteen secret bytes that live for one call.
struct FileKey {
  FileKey() = default;
  FileKey(const FileKey&) = delete;
  FileKey& operator=(const FileKey&) = delete;
  ~FileKey() { sodium_memzero(bytes.data(), bytes.size()); }
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::array<uint8_t, kFileKeyBytes> bytes{};
};

std::string Base64(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), Unsigned(bytes), bytes.size(), kBase64);
  text.pop_back();  // the terminating zero
  return text;
}

// Canonical spelling only. Appends nothing on failure.
bool AppendBase64(std::string_view text, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const bool ok = sodium_base642bin(Unsigned(out, start), out.size() - start, text.data(),
                                    text.size(), nullptr, &size, nullptr, kBase64) == 0;
  out.resize(start + (ok ? size : 0));
  return ok && Base64(std::string_view(out).substr(start)) == text;
}

StatusOr<SecretKey> DeriveKey(std::string_view secret, std::string_view salt,
                              std::string_view info) {
  ASSIGN_OR_RETURN(SecretKey key, KeyAccess::Blank());
  RETURN_IF_ERROR(
      HkdfSha256(secret, salt, info, {KeyAccess::MutableBytes(key), SecretKey::kBytes}));
  return key;
}

// The key that wraps the file key for the owner of `recipient`, from either side's secret.
StatusOr<SecretKey> WrapKey(const SecretKey& secret, std::string_view point,
                            std::string_view ephemeral, std::string_view recipient) {
  ASSIGN_OR_RETURN(const SecretKey shared, SharedSecret(secret, point));
  return DeriveKey(KeyAccess::View(shared), std::string(ephemeral).append(recipient), kX25519Info);
}

StatusOr<std::string> HeaderMac(std::string_view file_key, std::string_view header) {
  ASSIGN_OR_RETURN(const SecretKey key, DeriveKey(file_key, {}, "header"));
  return HmacSha256(KeyAccess::View(key), header);
}

// Appends the stanza that wraps `file_key` for one recipient.
Status AppendStanza(const FileKey& file_key, const AgeRecipient& recipient, std::string& header) {
  static_assert(kWrappedBytes * 8 / 6 < kBodyColumns);  // so that the body is one short line
  constexpr ChunkNonce kZeroNonce{};
  ASSIGN_OR_RETURN(const SecretKey secret, SecretKey::Random());
  std::string ephemeral(kPointBytes, '\0');
  if (crypto_scalarmult_base(Unsigned(ephemeral), KeyAccess::Bytes(secret)) != 0) {
    return Internal("age: libsodium refused the scalar");
  }
  ASSIGN_OR_RETURN(const SecretKey wrap,
                   WrapKey(secret, recipient.public_key(), ephemeral, recipient.public_key()));
  std::string body(kWrappedBytes, '\0');
  crypto_aead_chacha20poly1305_ietf_encrypt(Unsigned(body), nullptr, file_key.bytes.data(),
                                            kFileKeyBytes, nullptr, 0, nullptr, kZeroNonce.data(),
                                            KeyAccess::Bytes(wrap));
  header.append(Format("-> %s %s\n%s\n", kX25519, Base64(ephemeral), Base64(body)));
  return OkStatus();
}

ChunkNonce NonceOf(uint64_t chunk, bool last) {
  ChunkNonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[10 - i] = static_cast<unsigned char>(chunk >> (8 * i));
  nonce[11] = last ? 1 : 0;
  return nonce;
}

Status NoHeader(std::string_view what) { return InvalidArgument("age header: %s", what); }

struct Stanza {
  std::vector<std::string> arguments;
  std::string body;
};

// "-> " and words of visible characters, one space apart.
StatusOr<Stanza> ParseStanzaLine(std::string_view line) {
  Stanza stanza;
  line.remove_prefix(2);
  while (!line.empty()) {
    line.remove_prefix(1);  // the space
    const std::string_view word = line.substr(0, line.find(' '));
    if (word.empty() || std::any_of(word.begin(), word.end(), [](char c) {
          return c < 33 || c > 126;
        })) {
      return NoHeader("a stanza with an empty or unreadable argument");
    }
    stanza.arguments.emplace_back(word);
    line.remove_prefix(word.size());
  }
  if (stanza.arguments.empty()) return NoHeader("a stanza without arguments");
  return stanza;
}

}  // namespace

StatusOr<AgeStream> AgeStream::Start(std::string_view file_key, std::string_view nonce) {
  ASSIGN_OR_RETURN(SecretKey key, DeriveKey(file_key, nonce, "payload"));
  return AgeStream(std::move(key));
}

void AgeStream::Seal(std::string_view plaintext, bool last, std::string& out) {
  out.resize(plaintext.size() + kTagSize);
  crypto_aead_chacha20poly1305_ietf_encrypt(Unsigned(out), nullptr, Unsigned(plaintext),
                                            plaintext.size(), nullptr, 0, nullptr,
                                            NonceOf(chunks_, last).data(), KeyAccess::Bytes(key_));
  ++chunks_;
}

bool AgeStream::Open(std::string_view sealed, bool last, char* plaintext) {
  if (crypto_aead_chacha20poly1305_ietf_decrypt(
          reinterpret_cast<unsigned char*>(plaintext), nullptr, nullptr, Unsigned(sealed),
          sealed.size(), nullptr, 0, NonceOf(chunks_, last).data(), KeyAccess::Bytes(key_)) != 0) {
    return false;
  }
  ++chunks_;
  return true;
}

AgeWriter::AgeWriter(AgeStream stream, Sink sink)
    : stream_(std::move(stream)), sink_(std::move(sink)), chunk_(std::make_unique<AgeChunk>()) {}

StatusOr<AgeWriter> AgeWriter::Create(std::span<const AgeRecipient> recipients, Sink sink) {
  if (recipients.empty() || recipients.size() > kAgeRecipientsMax) {
    return InvalidArgument("age: %d recipients, must be 1 to %d", recipients.size(),
                           kAgeRecipientsMax);
  }
  FileKey file_key;
  randombytes_buf(file_key.bytes.data(), file_key.bytes.size());
  std::string header(kVersionLine);
  header.push_back('\n');
  for (const AgeRecipient& recipient : recipients) {
    RETURN_IF_ERROR(AppendStanza(file_key, recipient, header));
  }
  header.append("---");
  ASSIGN_OR_RETURN(const std::string mac, HeaderMac(file_key.view(), header));
  const std::string nonce = RandomBytes(kStreamNonceBytes);
  header.append(" ").append(Base64(mac)).append("\n").append(nonce);
  GW_CHECK(header.size() <= kAgeHeaderBytesMax);
  ASSIGN_OR_RETURN(AgeStream stream, AgeStream::Start(file_key.view(), nonce));
  RETURN_IF_ERROR(sink(header));
  return AgeWriter(std::move(stream), std::move(sink));
}

Status AgeWriter::Put(bool last) {
  stream_.Seal({chunk_->bytes, buffered_}, last, sealed_);
  buffered_ = 0;
  const Status status = sink_(sealed_);
  ended_ = last || !status.ok();
  return status;
}

Status AgeWriter::Write(std::string_view plaintext) {
  if (ended_) return FailedPrecondition("age: the file has ended");
  while (!plaintext.empty()) {
    // A full chunk waits until more comes: it may be the last, which is sealed differently.
    if (buffered_ == kAgeChunkBytes) RETURN_IF_ERROR(Put(false));
    const std::size_t size = std::min(plaintext.size(), kAgeChunkBytes - buffered_);
    std::memcpy(chunk_->bytes + buffered_, plaintext.data(), size);
    buffered_ += size;
    plaintext.remove_prefix(size);
  }
  return OkStatus();
}

Status AgeWriter::Finish() {
  if (ended_) return FailedPrecondition("age: the file has ended");
  return Put(true);
}

struct AgeReader::Header {
  std::vector<Stanza> stanzas;
  std::string signed_text;  // through "---"
  std::string mac;
  std::string nonce;
  std::string rest;  // read beyond the header
};

namespace {

// The file's beginning, read in small steps so that no more than the limit is ever held.
class HeaderText {
 public:
  explicit HeaderText(const AgeReader::Source& source) : source_(source) {}

  // The next line without its end, valid until the next call.
  StatusOr<std::string_view> Line() {
    for (;;) {
      const std::size_t end = text_.find('\n', at_);
      if (end != std::string::npos) {
        const std::string_view line = std::string_view(text_).substr(at_, end - at_);
        line_at_ = at_;
        at_ = end + 1;
        return line;
      }
      RETURN_IF_ERROR(More());
    }
  }

  StatusOr<std::string> Bytes(std::size_t size) {
    while (text_.size() - at_ < size) RETURN_IF_ERROR(More());
    at_ += size;
    return text_.substr(at_ - size, size);
  }

  std::string ThroughLine(std::size_t columns) const { return text_.substr(0, line_at_ + columns); }
  std::string Rest() const { return text_.substr(at_); }

 private:
  Status More() {
    constexpr std::size_t kStep = 1024;
    if (text_.size() >= kAgeHeaderBytesMax) return NoHeader("too long");
    const std::size_t had = text_.size();
    text_.resize(had + kStep);
    StatusOr<std::size_t> size = source_(text_.data() + had, kStep);
    text_.resize(had + (size.ok() ? *size : 0));
    if (!size.ok()) return size.status();
    return *size == 0 ? NoHeader("cut off") : OkStatus();
  }

  const AgeReader::Source& source_;
  std::string text_;
  std::size_t at_ = 0, line_at_ = 0;
};

Status ReadBody(HeaderText& text, std::string& body) {
  for (;;) {
    ASSIGN_OR_RETURN(const std::string_view line, text.Line());
    if (line.size() > kBodyColumns || !AppendBase64(line, body)) {
      return NoHeader("a stanza whose body is not base64");
    }
    if (line.size() < kBodyColumns) return OkStatus();
  }
}

}  // namespace

StatusOr<AgeReader::Header> AgeReader::ReadHeader(const Source& source) {
  HeaderText text(source);
  Header header;
  ASSIGN_OR_RETURN(const std::string_view version, text.Line());
  if (version != kVersionLine) return NoHeader("not of a version this program knows");
  for (;;) {
    ASSIGN_OR_RETURN(const std::string_view line, text.Line());
    if (line.starts_with("-> ")) {
      ASSIGN_OR_RETURN(Stanza stanza, ParseStanzaLine(line));
      RETURN_IF_ERROR(ReadBody(text, stanza.body));
      header.stanzas.push_back(std::move(stanza));
      continue;
    }
    if (!line.starts_with("--- ") || !AppendBase64(line.substr(4), header.mac) ||
        header.mac.size() != kHmacBytes) {
      return NoHeader("no proper last line");
    }
    break;
  }
  header.signed_text = text.ThroughLine(3);
  if (header.stanzas.empty()) return NoHeader("no recipient");
  ASSIGN_OR_RETURN(header.nonce, text.Bytes(kStreamNonceBytes));
  header.rest = text.Rest();
  return header;
}

// Every X25519 stanza must be well formed, also one that another identity opens.
Status AgeReader::Unwrap(const Header& header, std::span<const AgeIdentity> identities,
                         std::span<uint8_t> file_key) {
  constexpr ChunkNonce kZeroNonce{};
  bool found = false;
  for (const Stanza& stanza : header.stanzas) {
    if (stanza.arguments[0] != kX25519) continue;
    std::string share;
    if (stanza.arguments.size() != 2 || !AppendBase64(stanza.arguments[1], share) ||
        share.size() != kPointBytes || stanza.body.size() != kWrappedBytes) {
      return NoHeader("an X25519 stanza of a wrong form");
    }
    for (const AgeIdentity& identity : identities) {
      if (found) break;
      ASSIGN_OR_RETURN(const SecretKey wrap, WrapKey(identity.secret_, share, share,
                                                     identity.recipient().public_key()));
      found = crypto_aead_chacha20poly1305_ietf_decrypt(
                  file_key.data(), nullptr, nullptr, Unsigned(stanza.body), kWrappedBytes, nullptr,
                  0, kZeroNonce.data(), KeyAccess::Bytes(wrap)) == 0;
    }
  }
  if (!found) return PermissionDenied("age: the file is not sealed to any of the keys given");
  return OkStatus();
}

AgeReader::AgeReader(AgeStream stream, Source source, std::string rest)
    : stream_(std::move(stream)),
      source_(std::move(source)),
      sealed_(std::move(rest)),
      chunk_(std::make_unique<AgeChunk>()) {}

StatusOr<AgeReader> AgeReader::Open(std::span<const AgeIdentity> identities, Source source) {
  ASSIGN_OR_RETURN(Header header, ReadHeader(source));
  FileKey file_key;
  RETURN_IF_ERROR(Unwrap(header, identities, file_key.bytes));
  ASSIGN_OR_RETURN(const std::string mac, HeaderMac(file_key.view(), header.signed_text));
  if (sodium_memcmp(mac.data(), header.mac.data(), kHmacBytes) != 0) {
    return DataLoss("age: the header was changed after it was sealed");
  }
  ASSIGN_OR_RETURN(AgeStream stream, AgeStream::Start(file_key.view(), header.nonce));
  return AgeReader(std::move(stream), std::move(source), std::move(header.rest));
}

StatusOr<std::string_view> AgeReader::Next() {
  if (failed_) return DataLoss("age: reading failed before");
  failed_ = true;  // unless this call ends well
  const std::size_t wanted = last_ ? 1 : kSealedChunkBytes;
  while (sealed_.size() < wanted) {
    const std::size_t had = sealed_.size();
    sealed_.resize(wanted);
    const StatusOr<std::size_t> size = source_(sealed_.data() + had, wanted - had);
    sealed_.resize(had + (size.ok() ? *size : 0));
    if (!size.ok()) return size.status();
    if (*size == 0) break;
  }
  if (last_) {
    if (!sealed_.empty()) return DataLoss("age: the file goes on after its end");
    failed_ = false;
    return std::string_view();
  }
  const std::string_view sealed = std::string_view(sealed_).substr(0, kSealedChunkBytes);
  if (sealed.size() < kTagSize) return DataLoss("age: the file is cut off");
  const bool full = sealed.size() == kSealedChunkBytes;
  const bool first = stream_.chunks() == 0;
  if (!full || !stream_.Open(sealed, false, chunk_->bytes)) {
    if (!stream_.Open(sealed, true, chunk_->bytes)) {
      return DataLoss("age: the file was changed or cut off");
    }
    last_ = true;
  }
  const std::string_view plaintext(chunk_->bytes, sealed.size() - kTagSize);
  if (plaintext.empty() && !first) return DataLoss("age: an empty last piece");
  sealed_.erase(0, sealed.size());
  failed_ = false;
  if (plaintext.empty()) return Next();  // an empty payload: only its end is left to check
  return plaintext;
}

}  // namespace gateway::crypto
