#include "gateway/pipeline/tar.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "gateway/base/check.h"

namespace gateway::pipeline {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kChecksumAt = 148, kTypeAt = 156, kMagicAt = 257;

}  // namespace

Status TarWriter::Add(std::string_view name, std::string_view content) {
  GW_CHECK(!name.empty() && name.size() <= kTarNameBytesMax);
  std::string header(kBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), header.data() + at);
  };
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch()).count();
  put(0, name);
  put(100, "0000600");
  put(108, "0000000");
  put(116, "0000000");
  put(124, Format("%011o", content.size()));
  put(136, Format("%011o", static_cast<uint64_t>(std::max<int64_t>(seconds, 0))));
  put(kChecksumAt, "        ");  // counts as spaces
  header[kTypeAt] = '0';
  put(kMagicAt, std::string_view("ustar\00000", 8));
  const uint32_t sum = std::accumulate(header.begin(), header.end(), 0u, [](uint32_t total, char c) {
    return total + static_cast<uint8_t>(c);
  });
  put(kChecksumAt, Format("%06o", sum));
  header[kChecksumAt + 6] = '\0';
  RETURN_IF_ERROR(sink_(header));
  RETURN_IF_ERROR(sink_(content));
  return sink_(std::string((kBlock - content.size() % kBlock) % kBlock, '\0'));
}

Status TarWriter::Finish() { return sink_(std::string(2 * kBlock, '\0')); }

}  // namespace gateway::pipeline
