#include "gateway/base/bytes.h"

namespace gateway {
namespace {

template <typename T>
void AppendBigEndian(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<uint8_t>(value >> shift)));
  }
}

template <typename T>
T LoadBigEndian(std::string_view bytes) {
  T value = 0;
  for (const char c : bytes) value = static_cast<T>((value << 8) | static_cast<uint8_t>(c));
  return value;
}

}  // namespace

ByteWriter& ByteWriter::U8(uint8_t value) {
  bytes_.push_back(static_cast<char>(value));
  return *this;
}
ByteWriter& ByteWriter::U16(uint16_t value) {
  AppendBigEndian(bytes_, value);
  return *this;
}
ByteWriter& ByteWriter::U32(uint32_t value) {
  AppendBigEndian(bytes_, value);
  return *this;
}
ByteWriter& ByteWriter::U64(uint64_t value) {
  AppendBigEndian(bytes_, value);
  return *this;
}
ByteWriter& ByteWriter::Varint(uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<char>(static_cast<uint8_t>(value) | 0x80));
    value >>= 7;
  }
  return U8(static_cast<uint8_t>(value));
}
ByteWriter& ByteWriter::ZigZag(int64_t value) {
  return Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}
ByteWriter& ByteWriter::Raw(std::string_view bytes) {
  bytes_.append(bytes);
  return *this;
}
ByteWriter& ByteWriter::Text(std::string_view bytes) { return Varint(bytes.size()).Raw(bytes); }

std::string_view ByteReader::Raw(std::size_t size) {
  if (failed_ || size > rest_.size()) {
    failed_ = true;
    return {};
  }
  const std::string_view head = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return head;
}
uint8_t ByteReader::U8() { return LoadBigEndian<uint8_t>(Raw(1)); }
uint16_t ByteReader::U16() { return LoadBigEndian<uint16_t>(Raw(2)); }
uint32_t ByteReader::U32() { return LoadBigEndian<uint32_t>(Raw(4)); }
uint64_t ByteReader::U64() { return LoadBigEndian<uint64_t>(Raw(8)); }
uint64_t ByteReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = U8();
    if (failed_) return 0;
    // The tenth byte may only carry the one bit that is left, so each value has one spelling.
    if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0)) break;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  failed_ = true;
  return 0;
}
int64_t ByteReader::ZigZag() {
  const uint64_t raw = Varint();
  return static_cast<int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
}
std::string_view ByteReader::Text() {
  const uint64_t size = Varint();
  if (size > rest_.size()) failed_ = true;
  return failed_ ? std::string_view{} : Raw(static_cast<std::size_t>(size));
}

Status ByteReader::Finish(std::string_view what) const {
  if (failed_) return DataLoss("%s: ends too early or holds a malformed number", what);
  if (!rest_.empty()) return DataLoss("%s: %d bytes left over", what, rest_.size());
  return OkStatus();
}

std::string HexEncode(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    hex.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    hex.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  return hex;
}

StatusOr<std::string> HexDecode(std::string_view hex) {
  if (hex.size() % 2 != 0) return InvalidArgument("hex text has an odd length of %d", hex.size());
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit(hex[i]);
    const int low = digit(hex[i + 1]);
    if (high < 0 || low < 0) {
      return InvalidArgument("character %d is not a lower-case hex digit", i + (high < 0 ? 1 : 2));
    }
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

}  // namespace gateway
