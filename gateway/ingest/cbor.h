// A pull reader of one CBOR item (RFC 7049, RFC 8949), as far as SenML needs it: integers, floats,
// decimal fractions, strings, arrays and maps, all of definite or indefinite length, and
// true, false and null. Every other tag, bignums and all other simple values are refused by name.
// Numbers become decimal text: a float its shortest one that reads back as the same float of its
// width, so that the 23.1 which a device stored in 32 bits is "23.1" again.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::ingest {

enum class CborKind : uint8_t {
  kNumber,      // `text` is a number of RFC 8259's grammar
  kNotANumber,  // nan or an infinity
  kText,        // valid UTF-8
  kBytes,
  kArray,  // its items follow, then kEnd
  kMap,    // its keys and values follow in turn, then kEnd
  kEnd,
  kTrue,
  kFalse,
  kNull,
};

enum class CborError : uint8_t {
  kNone,
  kTruncated,      // the bytes end inside the item, or it says that it is longer than they are
  kTrailing,       // bytes after the item
  kReserved,       // a head that no version of CBOR defines
  kBreak,          // a break outside an item of indefinite length, or between a key and its value
  kChunk,          // a string of indefinite length with something else inside
  kNotUtf8,
  kTag,            // other than a decimal fraction of two integers
  kSimple,         // undefined, and simple values without a meaning
  kDepth,          // deeper than kCborDepthMax
};

// "truncated", "tag", …
std::string_view CborErrorName(CborError error);

inline constexpr std::size_t kCborDepthMax = 16;

struct CborItem {
  CborKind kind = CborKind::kEnd;
  std::string_view text;  // of kNumber, kText and kBytes, until the next call of Next
};

// Thread-compatible. `bytes` must outlive it. Needs no more memory than a string in chunks has.
class CborReader {
 public:
  explicit CborReader(std::string_view bytes) : rest_(bytes) {}

  // The next item, or the end of an array or map. Returns false after the last one, with error()
  // kNone, and at the first error, for ever.
  bool Next(CborItem& item);
  // Passes over what belongs to `item`, the last that Next gave: its items and its end.
  bool Skip(const CborItem& item);
  CborError error() const { return error_; }

 private:
  struct Head {
    uint8_t major = 0;
    uint8_t info = 0;    // 31: indefinite, or a break
    uint64_t value = 0;
  };
  struct Frame {
    bool map = false;
    bool indefinite = false;
    uint64_t left = 0;   // items of a definite one; of an indefinite map, read so far
  };

  bool Fail(CborError error);
  bool TakeHead(Head& head);
  bool Open(const Head& head, CborItem& item);
  bool TakeString(const Head& head, CborItem& item);
  bool TakeChunk(const Head& head, std::string_view& chunk);
  bool TakeDecimalFraction(CborItem& item);
  bool TakeSimple(const Head& head, CborItem& item);
  void Integer(const Head& head, std::string& into) const;
  template <typename Float>
  void FromFloat(Float value, CborItem& item);

  std::string_view rest_;
  CborError error_ = CborError::kNone;
  bool started_ = false;
  std::size_t depth_ = 0;
  std::array<Frame, kCborDepthMax> frames_{};
  std::string number_;
  std::string joined_;
};

}  // namespace gateway::ingest
