#include "gateway/store/block.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <memory>
#include <set>
#include <span>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/model/limits.h"

namespace gateway::store {
namespace {

constexpr uint8_t kBlockFormat = 2;
enum Method : uint8_t { kStored = 0, kZstd = 1 };
enum Transform : uint8_t { kOffsets = 0, kDifferences = 1 };

// Of one reading at most: a time of ten bytes and a run, presence and quality runs, a value of eight,
// and a column of its own.
constexpr std::size_t kReadingBytesMax = 11 + 4 + 4 + 8 + 40;
constexpr std::size_t kBodyBytesMax = limits::kReadingsPerBlockMax * kReadingBytesMax + 16;
// What a level beyond this saves is less than the padding.
constexpr int kZstdLevel = 12;

// Differences wrap around, so that any two times and values encode; signed arithmetic must not.
uint64_t Ticks(Time time) { return static_cast<uint64_t>(time.time_since_epoch().count()); }
Time TimeOf(uint64_t ticks) { return Time(Millis(static_cast<int64_t>(ticks))); }
uint64_t ZigZag(uint64_t difference) {
  return (difference << 1) ^ (0 - (difference >> 63));
}
uint64_t UnZigZag(uint64_t coded) { return (coded >> 1) ^ (0 - (coded & 1)); }

std::size_t PaddedSize(std::size_t bytes) {
  return (bytes + kBlockLineBytes - 1) / kBlockLineBytes * kBlockLineBytes;
}

std::vector<Time> TimesOf(const std::vector<Column>& columns) {
  std::vector<Time> times;
  for (const Column& column : columns) {
    for (const Reading& reading : column.readings) times.push_back(reading.time);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

// Differences of differences; a run of zeros, which is what a steady device makes, is two bytes.
void PutTimes(const std::vector<Time>& times, ByteWriter& out) {
  uint64_t step = 0;
  for (std::size_t i = 1; i < times.size();) {
    const uint64_t new_step = Ticks(times[i]) - Ticks(times[i - 1]);
    out.Varint(ZigZag(new_step - step));
    if (new_step != step) {
      step = new_step;
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < times.size() && Ticks(times[end]) - Ticks(times[end - 1]) == step) ++end;
    out.Varint(end - i);
    i = end;
  }
}

std::vector<Time> TakeTimes(std::size_t count, Time first, ByteReader& in) {
  std::vector<Time> times{first};
  times.reserve(count);
  uint64_t step = 0;
  while (times.size() < count && in.ok()) {
    const uint64_t change = in.Varint();
    step += UnZigZag(change);
    uint64_t run = change == 0 ? in.Varint() : 1;
    run = std::min<uint64_t>(run, count - times.size());
    if (run == 0) break;
    for (; run > 0; --run) times.push_back(TimeOf(Ticks(times.back()) + step));
  }
  return times;
}

// Lengths of runs: of rows that are there, that are not, that are, …
void PutPresence(const Column& column, const std::vector<Time>& times, ByteWriter& out) {
  bool present = true;
  std::size_t run = 0;
  auto next = column.readings.begin();
  for (const Time time : times) {
    const bool here = next != column.readings.end() && next->time == time;
    if (here) ++next;
    if (here != present) {
      out.Varint(run);
      present = here;
      run = 0;
    }
    ++run;
  }
  out.Varint(run);
}

void PutQualities(const std::vector<Reading>& readings, ByteWriter& out) {
  for (std::size_t i = 0; i < readings.size();) {
    std::size_t end = i + 1;
    while (end < readings.size() && readings[end].quality == readings[i].quality) ++end;
    out.Varint(end - i).U8(readings[i].quality);
    i = end;
  }
}

unsigned BitsOf(std::span<const uint64_t> numbers) {
  unsigned bits = 0;
  for (const uint64_t number : numbers) bits += static_cast<unsigned>(std::bit_width(number));
  return bits;
}

void PutPlanes(std::span<const uint64_t> numbers, ByteWriter& out) {
  uint64_t all = 0;
  for (const uint64_t number : numbers) all |= number;
  const auto planes = static_cast<unsigned>(std::bit_width(all) + 7) / 8;
  out.U8(static_cast<uint8_t>(planes));
  for (unsigned plane = 0; plane < planes; ++plane) {
    for (const uint64_t number : numbers) out.U8(static_cast<uint8_t>(number >> (8 * plane)));
  }
}

void PutValues(const std::vector<Reading>& readings, ByteWriter& out) {
  const auto least = std::min_element(
      readings.begin(), readings.end(),
      [](const Reading& a, const Reading& b) { return a.value < b.value; });
  std::vector<uint64_t> offsets, differences;
  uint64_t before = static_cast<uint64_t>(readings.front().value);
  for (const Reading& reading : readings) {
    const uint64_t value = static_cast<uint64_t>(reading.value);
    offsets.push_back(value - static_cast<uint64_t>(least->value));
    differences.push_back(ZigZag(value - before));
    before = value;
  }
  if (BitsOf(differences) < BitsOf(offsets)) {
    out.U8(kDifferences).ZigZag(readings.front().value);
    PutPlanes(differences, out);
  } else {
    out.U8(kOffsets).ZigZag(least->value);
    PutPlanes(offsets, out);
  }
}

// Empty if it does not get smaller.
std::string Compress(std::string_view body) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     ZSTD_freeCCtx);
  GW_CHECK(context != nullptr);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kZstdLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);  // it stands in the head
  std::string packed(body.size(), '\0');  // one byte more would not pay
  const std::size_t size =
      ZSTD_compress2(context.get(), packed.data(), packed.size(), body.data(), body.size());
  if (ZSTD_isError(size) != 0) return {};
  packed.resize(size);
  return packed;
}

struct Head {
  BlockHead range;
  Method method = kStored;
  std::size_t rows = 0, body_bytes = 0, packed_bytes = 0;
};

StatusOr<Head> TakeHead(ByteReader& in, std::size_t block_bytes) {
  Head head;
  const uint8_t format = in.U8();
  const uint8_t method = in.U8();
  const uint64_t first = in.U64();
  const uint64_t span = in.Varint();
  const uint64_t rows = in.Varint();
  const uint64_t readings = in.Varint();
  const uint64_t body_bytes = in.Varint();
  const uint64_t packed_bytes = method == kStored ? body_bytes : in.Varint();
  if (!in.ok() || format != kBlockFormat) {
    return DataLoss("block: format %u, known is %u", format, kBlockFormat);
  }
  if (method > kZstd) return DataLoss("block: method %u, known are 0 and 1", method);
  if (rows == 0 || rows > readings || readings > limits::kReadingsPerBlockMax) {
    return DataLoss("block: %u readings in %u rows, limit %u", readings, rows,
                    limits::kReadingsPerBlockMax);
  }
  if (body_bytes > kBodyBytesMax || packed_bytes > in.remaining() ||
      block_bytes != PaddedSize(block_bytes - in.remaining() + packed_bytes)) {
    return DataLoss("block: %u bytes with a body of %u in %u", block_bytes, body_bytes,
                    packed_bytes);
  }
  head.range = {.first = TimeOf(first), .last = TimeOf(first + span), .readings = readings};
  head.method = static_cast<Method>(method);
  head.rows = rows;
  head.body_bytes = body_bytes;
  head.packed_bytes = packed_bytes;
  return head;
}

StatusOr<std::string> TakeBody(const Head& head, ByteReader& in) {
  const std::string_view packed = in.Raw(head.packed_bytes);
  if (head.method == kStored) return std::string(packed);
  std::string body(head.body_bytes, '\0');
  const std::size_t size =
      ZSTD_decompress(body.data(), body.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != body.size()) {
    return DataLoss("block: its body does not decompress to %u bytes", body.size());
  }
  return body;
}

// Fills in times, then qualities, then values; `left` is how many readings the block still has.
StatusOr<Column> TakeColumn(const std::vector<Time>& times, std::size_t left, ByteReader& in) {
  Column column;
  const std::string_view series = in.Raw(SeriesId::kBytes);
  if (in.ok()) column.series = SeriesId::FromBytes(series);
  bool present = true;
  for (std::size_t row = 0; row < times.size(); present = !present) {
    const uint64_t run = in.Varint();
    if (!in.ok() || run > times.size() - row || (run == 0 && row > 0) ||
        (present && run > left - column.readings.size())) {
      return DataLoss("block: a run of %u rows where %u are left", run, times.size() - row);
    }
    for (uint64_t i = 0; i < run; ++i, ++row) {
      if (present) column.readings.push_back({.time = times[row]});
    }
  }
  const std::size_t count = column.readings.size();
  if (count == 0) return DataLoss("block: a column without readings");
  for (std::size_t i = 0; i < count;) {
    const uint64_t run = in.Varint();
    const uint8_t quality = in.U8();
    if (!in.ok() || run == 0 || run > count - i) {
      return DataLoss("block: a run of %u qualities for %u readings", run, count - i);
    }
    for (uint64_t j = 0; j < run; ++j) column.readings[i++].quality = quality;
  }
  const uint8_t transform = in.U8();
  uint64_t value = static_cast<uint64_t>(in.ZigZag());
  const uint8_t planes = in.U8();
  if (!in.ok() || transform > kDifferences || planes > 8) {
    return DataLoss("block: values of kind %u in %u planes", transform, planes);
  }
  std::vector<uint64_t> numbers(count);
  for (unsigned plane = 0; plane < planes; ++plane) {
    const std::string_view bytes = in.Raw(count);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      numbers[i] |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * plane);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (transform == kDifferences) value += UnZigZag(numbers[i]);
    column.readings[i].value =
        static_cast<int64_t>(transform == kDifferences ? value : value + numbers[i]);
  }
  return column;
}

}  // namespace

std::string EncodeBlock(const std::vector<Column>& columns) {
  std::size_t readings = 0;
  std::set<SeriesId> series;
  for (const Column& column : columns) {
    GW_CHECK(!column.readings.empty() && series.insert(column.series).second);
    GW_CHECK(std::is_sorted(
        column.readings.begin(), column.readings.end(),
        [](const Reading& a, const Reading& b) { return a.time <= b.time; }));
    readings += column.readings.size();
  }
  GW_CHECK(readings > 0 && readings <= limits::kReadingsPerBlockMax);
  const std::vector<Time> times = TimesOf(columns);

  ByteWriter body;
  PutTimes(times, body);
  body.Varint(columns.size());
  for (const Column& column : columns) {
    body.Raw(column.series.view());
    PutPresence(column, times, body);
    PutQualities(column.readings, body);
    PutValues(column.readings, body);
  }
  const std::string packed =
      body.bytes().size() > kBlockLineBytes ? Compress(body.bytes()) : std::string();
  ByteWriter block;
  block.U8(kBlockFormat).U8(packed.empty() ? kStored : kZstd).U64(Ticks(times.front()));
  block.Varint(Ticks(times.back()) - Ticks(times.front())).Varint(times.size()).Varint(readings);
  block.Varint(body.bytes().size());
  if (packed.empty()) {
    block.Raw(body.bytes());
  } else {
    block.Varint(packed.size()).Raw(packed);
  }
  std::string bytes = block.Take();
  bytes.resize(PaddedSize(bytes.size()), '\0');
  return bytes;
}

StatusOr<BlockHead> PeekBlock(std::string_view bytes) {
  ByteReader in(bytes);
  ASSIGN_OR_RETURN(const Head head, TakeHead(in, bytes.size()));
  return head.range;
}

StatusOr<std::vector<Column>> DecodeBlock(std::string_view bytes) {
  ByteReader in(bytes);
  ASSIGN_OR_RETURN(const Head head, TakeHead(in, bytes.size()));
  ASSIGN_OR_RETURN(const std::string body, TakeBody(head, in));
  const std::string_view padding = in.Raw(in.remaining());
  if (padding.find_first_not_of('\0') != std::string_view::npos) {
    return DataLoss("block: its padding is not empty");
  }

  ByteReader reader(body);
  const std::vector<Time> times = TakeTimes(head.rows, head.range.first, reader);
  const auto not_after = [](Time a, Time b) { return a >= b; };
  if (times.size() != head.rows || times.back() != head.range.last ||
      std::adjacent_find(times.begin(), times.end(), not_after) != times.end()) {
    return DataLoss("block: %u times do not ascend to its end", head.rows);
  }
  const uint64_t count = reader.Varint();
  if (!reader.ok() || count == 0 || count > head.range.readings) {
    return DataLoss("block: %u columns for %u readings", count, head.range.readings);
  }
  std::vector<Column> columns;
  std::set<SeriesId> series;
  std::size_t left = head.range.readings;
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(Column column, TakeColumn(times, left, reader));
    left -= column.readings.size();
    if (!series.insert(column.series).second) return DataLoss("block: a series is there twice");
    columns.push_back(std::move(column));
  }
  RETURN_IF_ERROR(reader.Finish("block"));
  if (left != 0) return DataLoss("block: %u readings are missing", left);
  return columns;
}

}  // namespace gateway::store
