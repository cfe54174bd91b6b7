#include "gateway/ingest/cbor.h"

#include <simdjson.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace gateway::ingest {
namespace {

constexpr uint8_t kUnsigned = 0, kNegative = 1, kByteString = 2, kTextString = 3, kArrayMajor = 4,
                  kMapMajor = 5, kTagMajor = 6;
constexpr uint8_t kIndefinite = 31;
constexpr uint64_t kDecimalFraction = 4;

float FromHalf(uint64_t bits) {
  const int exponent = static_cast<int>(bits >> 10 & 0x1f);
  const float mantissa = static_cast<float>(bits & 0x3ff);
  float value = 0;
  if (exponent == 0x1f) {
    value = mantissa == 0 ? std::numeric_limits<float>::infinity()
                          : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else {
    value = std::ldexp(mantissa + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

}  // namespace

std::string_view CborErrorName(CborError error) {
  switch (error) {
    case CborError::kNone: return "none";
    case CborError::kTruncated: return "truncated";
    case CborError::kTrailing: return "trailing";
    case CborError::kReserved: return "reserved";
    case CborError::kBreak: return "break";
    case CborError::kChunk: return "chunk";
    case CborError::kNotUtf8: return "not-utf-8";
    case CborError::kTag: return "tag";
    case CborError::kSimple: return "simple";
    case CborError::kDepth: return "depth";
  }
  return "";
}

bool CborReader::Fail(CborError error) {
  error_ = error;
  return false;
}

bool CborReader::TakeHead(Head& head) {
  if (rest_.empty()) return Fail(CborError::kTruncated);
  const auto first = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  head = {.major = static_cast<uint8_t>(first >> 5), .info = static_cast<uint8_t>(first & 0x1f)};
  if (head.info < 24) {
    head.value = head.info;
    return true;
  }
  if (head.info == kIndefinite) {
    const bool has_one = head.major >= kByteString && head.major != kTagMajor;
    return has_one || Fail(CborError::kReserved);
  }
  if (head.info > 27) return Fail(CborError::kReserved);
  const std::size_t bytes = std::size_t{1} << (head.info - 24);
  if (rest_.size() < bytes) return Fail(CborError::kTruncated);
  for (const char c : rest_.substr(0, bytes)) head.value = head.value << 8 | static_cast<uint8_t>(c);
  rest_.remove_prefix(bytes);
  return true;
}

bool CborReader::Next(CborItem& item) {
  item = {};
  if (error_ != CborError::kNone) return false;
  if (depth_ == 0 && started_) {
    return rest_.empty() ? false : Fail(CborError::kTrailing);
  }
  started_ = true;
  if (depth_ > 0) {
    Frame& frame = frames_[depth_ - 1];
    if (!frame.indefinite && frame.left-- == 0) {
      --depth_;
      return true;  // kEnd
    }
    if (frame.indefinite && rest_.starts_with('\xff')) {
      if (frame.map && frame.left % 2 != 0) return Fail(CborError::kBreak);
      rest_.remove_prefix(1);
      --depth_;
      return true;
    }
    if (frame.indefinite) ++frame.left;
  }
  Head head;
  if (!TakeHead(head)) return false;
  switch (head.major) {
    case kUnsigned:
    case kNegative:
      number_.clear();
      Integer(head, number_);
      item = {.kind = CborKind::kNumber, .text = number_};
      return true;
    case kByteString:
    case kTextString:
      return TakeString(head, item);
    case kArrayMajor:
    case kMapMajor:
      return Open(head, item);
    case kTagMajor:
      return head.value == kDecimalFraction ? TakeDecimalFraction(item) : Fail(CborError::kTag);
    default:
      return TakeSimple(head, item);
  }
}

bool CborReader::Skip(const CborItem& item) {
  if (item.kind != CborKind::kArray && item.kind != CborKind::kMap) return true;
  const std::size_t outside = depth_ - 1;
  CborItem inner;
  while (depth_ > outside) {
    if (!Next(inner)) return false;
  }
  return true;
}

bool CborReader::Open(const Head& head, CborItem& item) {
  if (depth_ == kCborDepthMax) return Fail(CborError::kDepth);
  const bool map = head.major == kMapMajor;
  // Each item has a byte: more of them than bytes cannot be there.
  if (head.info != kIndefinite && head.value > rest_.size() / (map ? 2 : 1)) {
    return Fail(CborError::kTruncated);
  }
  frames_[depth_++] = {.map = map,
                       .indefinite = head.info == kIndefinite,
                       .left = map ? 2 * head.value : head.value};
  item.kind = map ? CborKind::kMap : CborKind::kArray;
  return true;
}

bool CborReader::TakeChunk(const Head& head, std::string_view& chunk) {
  if (head.value > rest_.size()) return Fail(CborError::kTruncated);
  chunk = rest_.substr(0, head.value);
  rest_.remove_prefix(head.value);
  if (head.major == kTextString && !simdjson::validate_utf8(chunk.data(), chunk.size())) {
    return Fail(CborError::kNotUtf8);
  }
  return true;
}

bool CborReader::TakeString(const Head& head, CborItem& item) {
  item.kind = head.major == kTextString ? CborKind::kText : CborKind::kBytes;
  if (head.info != kIndefinite) return TakeChunk(head, item.text);
  joined_.clear();
  while (!rest_.starts_with('\xff')) {
    Head inner;
    std::string_view chunk;
    if (!TakeHead(inner)) return false;
    if (inner.major != head.major || inner.info == kIndefinite) return Fail(CborError::kChunk);
    if (!TakeChunk(inner, chunk)) return false;
    joined_ += chunk;
  }
  rest_.remove_prefix(1);
  item.text = joined_;
  return true;
}

void CborReader::Integer(const Head& head, std::string& into) const {
  std::array<char, 24> digits;
  if (head.major == kUnsigned) {
    into.append(digits.data(), std::to_chars(digits.begin(), digits.end(), head.value).ptr);
  } else if (head.value == std::numeric_limits<uint64_t>::max()) {
    into += "-18446744073709551616";
  } else {
    into += '-';
    into.append(digits.data(), std::to_chars(digits.begin(), digits.end(), head.value + 1).ptr);
  }
}

// An array of exponent and mantissa.
bool CborReader::TakeDecimalFraction(CborItem& item) {
  if (rest_.empty()) return Fail(CborError::kTruncated);
  Head exponent, mantissa;
  if (!rest_.starts_with('\x82')) return Fail(CborError::kTag);
  rest_.remove_prefix(1);
  if (!TakeHead(exponent) || !TakeHead(mantissa)) return false;
  if (exponent.major > kNegative || mantissa.major > kNegative) return Fail(CborError::kTag);
  number_.clear();
  Integer(mantissa, number_);
  number_ += 'e';
  Integer(exponent, number_);
  item = {.kind = CborKind::kNumber, .text = number_};
  return true;
}

template <typename Float>
void CborReader::FromFloat(Float value, CborItem& item) {
  if (!std::isfinite(value)) {
    item.kind = CborKind::kNotANumber;
    return;
  }
  std::array<char, 32> digits;
  number_.assign(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
  item = {.kind = CborKind::kNumber, .text = number_};
}

bool CborReader::TakeSimple(const Head& head, CborItem& item) {
  switch (head.info) {
    case 20:
      item.kind = CborKind::kFalse;
      return true;
    case 21:
      item.kind = CborKind::kTrue;
      return true;
    case 22:
      item.kind = CborKind::kNull;
      return true;
    case 25:
      FromFloat(FromHalf(head.value), item);
      return true;
    case 26:
      FromFloat(std::bit_cast<float>(static_cast<uint32_t>(head.value)), item);
      return true;
    case 27:
      FromFloat(std::bit_cast<double>(head.value), item);
      return true;
    case kIndefinite:
      return Fail(CborError::kBreak);
    default:
      return Fail(CborError::kSimple);
  }
}

}  // namespace gateway::ingest
