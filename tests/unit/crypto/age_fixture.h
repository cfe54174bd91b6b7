// age files in memory, for tests.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/crypto/age.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::crypto {

inline AgeIdentity NewIdentity() {
  StatusOr<AgeIdentity> identity = AgeIdentity::Generate();
  GW_CHECK(identity.ok());
  return *std::move(identity);
}

// Written in pieces of `step` bytes.
inline std::string SealFile(const std::vector<AgeRecipient>& recipients,
                            std::string_view plaintext, std::size_t step = 1000) {
  std::string file;
  StatusOr<AgeWriter> writer = AgeWriter::Create(recipients, [&](std::string_view sealed) {
    file.append(sealed);
    return OkStatus();
  });
  GW_CHECK(writer.ok());
  for (std::size_t at = 0; at < plaintext.size(); at += step) {
    GW_CHECK(writer->Write(plaintext.substr(at, step)).ok());
  }
  GW_CHECK(writer->Finish().ok());
  return file;
}

inline AgeReader::Source SourceOf(std::string_view file) {
  return [file](char* buffer, std::size_t size) mutable -> StatusOr<std::size_t> {
    size = std::min(size, file.size());
    std::memcpy(buffer, file.data(), size);
    file.remove_prefix(size);
    return size;
  };
}

struct Opened {
  Status header, payload;
  std::string plaintext;  // what was handed out
  bool whole() const { return header.ok() && payload.ok(); }
};

inline Opened OpenFile(std::span<const AgeIdentity> identities, std::string_view file) {
  Opened opened;
  StatusOr<AgeReader> reader = AgeReader::Open(identities, SourceOf(file));
  opened.header = reader.status();
  while (reader.ok()) {
    const StatusOr<std::string_view> piece = reader->Next();
    opened.payload = piece.status();
    if (!piece.ok() || piece->empty()) break;
    opened.plaintext.append(*piece);
  }
  return opened;
}
inline Opened OpenFile(const AgeIdentity& identity, std::string_view file) {
  return OpenFile(std::span(&identity, 1), file);
}

}  // namespace gateway::crypto
