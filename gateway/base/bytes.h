// Big-endian byte strings: the writer and the reader behind every format of docs/formats.md that
// is not a protobuf. A reader never reads past its end; the first failure sticks and `Finish`
// reports it, so a parser reads field after field and checks once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway {

class ByteWriter {
 public:
  ByteWriter& U8(uint8_t value);
  ByteWriter& U16(uint16_t value);
  ByteWriter& U32(uint32_t value);
  ByteWriter& U64(uint64_t value);
  ByteWriter& I64(int64_t value) { return U64(static_cast<uint64_t>(value)); }
  ByteWriter& Varint(uint64_t value);    // LEB128
  ByteWriter& ZigZag(int64_t value);     // LEB128 of the zig-zag form
  ByteWriter& Raw(std::string_view bytes);
  ByteWriter& Text(std::string_view bytes);  // varint length, then the bytes
  const std::string& bytes() const { return bytes_; }
  // Empties the writer but keeps its memory, for hot paths.
  ByteWriter& Clear() { bytes_.clear(); return *this; }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  // `bytes` must outlive the reader.
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  uint8_t U8();
  uint16_t U16();
  uint32_t U32();
  uint64_t U64();
  int64_t I64() { return static_cast<int64_t>(U64()); }
  uint64_t Varint();
  int64_t ZigZag();
  std::string_view Raw(std::size_t size);
  std::string_view Text();
  bool ok() const { return !failed_; }
  bool AtEnd() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }

  // Returns DataLoss naming `what` if a read failed or bytes are left over.
  Status Finish(std::string_view what) const;

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::string HexEncode(std::string_view bytes);
// Returns InvalidArgument if `hex` has odd length or a character that is not lower-case hex.
StatusOr<std::string> HexDecode(std::string_view hex);

}  // namespace gateway
