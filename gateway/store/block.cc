#include "gateway/store/block.h"

#include <cstdint>
#include <limits>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/model/limits.h"

namespace gateway::store {
namespace {

constexpr uint8_t kBlockFormat = 1;
constexpr std::size_t kPrefixBytes = 3;  // format, u16 length of the body

// The longest body must fit the length: two ten-byte varints and a two-byte run per reading.
static_assert(limits::kReadingsPerBlockMax * 23 + 20 <= std::numeric_limits<uint16_t>::max());

std::size_t PaddedSize(std::size_t body_bytes) {
  const std::size_t lines = (kPrefixBytes + body_bytes + kBlockLineBytes - 1) / kBlockLineBytes;
  return lines * kBlockLineBytes;
}

// Differences wrap around, so that any two times encode; signed arithmetic must not.
uint64_t Ticks(const Reading& reading) {
  return static_cast<uint64_t>(reading.time.time_since_epoch().count());
}

}  // namespace

std::string EncodeBlock(std::span<const Reading> readings) {
  GW_CHECK(readings.size() <= limits::kReadingsPerBlockMax);
  ByteWriter body;
  body.Varint(readings.size());
  uint64_t time = 0;
  uint64_t step = 0;
  for (const Reading& reading : readings) {
    const uint64_t new_step = Ticks(reading) - time;
    body.ZigZag(static_cast<int64_t>(new_step - step));
    step = new_step;
    time = Ticks(reading);
  }
  for (const Reading& reading : readings) body.ZigZag(reading.value);
  for (std::size_t i = 0; i < readings.size();) {
    std::size_t end = i + 1;
    while (end < readings.size() && readings[end].quality == readings[i].quality) ++end;
    body.Varint(end - i).U8(readings[i].quality);
    i = end;
  }
  ByteWriter block;
  block.U8(kBlockFormat).U16(static_cast<uint16_t>(body.bytes().size())).Raw(body.bytes());
  std::string bytes = block.Take();
  bytes.resize(PaddedSize(body.bytes().size()), '\0');
  return bytes;
}

StatusOr<std::vector<Reading>> DecodeBlock(std::string_view bytes) {
  ByteReader prefix(bytes);
  const uint8_t format = prefix.U8();
  const uint16_t body_bytes = prefix.U16();
  const std::string_view body = prefix.Raw(body_bytes);
  const std::string_view padding = prefix.Raw(prefix.remaining());
  RETURN_IF_ERROR(prefix.Finish("block"));
  if (format != kBlockFormat) return DataLoss("block: format %u, known is %u", format, kBlockFormat);
  if (bytes.size() != PaddedSize(body_bytes) ||
      padding.find_first_not_of('\0') != std::string_view::npos) {
    return DataLoss("block: %u bytes with a body of %u", bytes.size(), body_bytes);
  }

  ByteReader reader(body);
  const uint64_t count = reader.Varint();
  if (!reader.ok() || count > limits::kReadingsPerBlockMax) {
    return DataLoss("block: %u readings, limit %u", count, limits::kReadingsPerBlockMax);
  }
  std::vector<Reading> readings(count);
  uint64_t time = 0;
  uint64_t step = 0;
  for (Reading& reading : readings) {
    step += static_cast<uint64_t>(reader.ZigZag());
    time += step;
    reading.time = Time(Millis(static_cast<int64_t>(time)));
  }
  for (Reading& reading : readings) reading.value = reader.ZigZag();
  for (std::size_t i = 0; i < readings.size();) {
    const uint64_t run = reader.Varint();
    const uint8_t quality = reader.U8();
    if (!reader.ok() || run == 0 || run > readings.size() - i) {
      return DataLoss("block: a run of %u qualities for %u readings", run, readings.size() - i);
    }
    for (uint64_t j = 0; j < run; ++j) readings[i++].quality = quality;
  }
  RETURN_IF_ERROR(reader.Finish("block"));
  return readings;
}

}  // namespace gateway::store
