#include "tests/bench/measured.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/model/decimal.h"
#include "gateway/model/time.h"

namespace gateway::bench {
namespace {

std::filesystem::path DataPath(const std::string& name) {
  const char* shared = std::getenv("COMMONS_SHARED");
  const std::filesystem::path root =
      shared != nullptr ? std::filesystem::path(shared)
                        : std::filesystem::path(GATEWAY_SOURCE_DIR).parent_path() / "shared";
  return root / "data" / name;
}

using Fields = std::vector<std::string_view>;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '"')) text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

// Every line of every file in the archive, cut at `separator`. False if there is no archive.
bool ReadArchive(const std::string& name, const char* bench, char separator,
                 const std::function<void(const Fields&)>& visit) {
  const std::filesystem::path path = DataPath(name);
  if (!std::filesystem::exists(path)) {
    std::fprintf(stderr, "%s: skipped: no data/%s in $COMMONS_SHARED\n", bench, name.c_str());
    return false;
  }
  const std::string command = "tar -xzOf '" + path.string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> tar(::popen(command.c_str(), "r"), ::pclose);
  GW_CHECK(tar != nullptr);
  std::array<char, 1024> line;
  Fields fields;
  while (std::fgets(line.data(), line.size(), tar.get()) != nullptr) {
    fields.clear();
    std::string_view rest = line.data();
    for (std::size_t end; (end = rest.find(separator)) != std::string_view::npos;) {
      fields.push_back(Trimmed(rest.substr(0, end)));
      rest.remove_prefix(end + 1);
    }
    fields.push_back(Trimmed(rest));
    visit(fields);
  }
  return true;
}

class Collector {
 public:
  explicit Collector(const char* steps_per_unit) : steps_(Number(steps_per_unit)) {}

  // Text that is no number (a gap) is passed over.
  void Add(std::string_view owner, std::string_view device, std::string_view metric,
           std::string_view stamp, std::string_view text) {
    const auto decimal = Decimal::Parse(text);
    if (!decimal.ok()) return;
    const auto value = decimal->Scale(steps_, Number("1"));
    std::string utc = std::string(stamp.substr(0, 19)) + "Z";
    utc[10] = 'T';
    const auto time = ParseTime(utc);
    GW_CHECK(value.ok() && time.ok());
    const auto [it, inserted] =
        index_.try_emplace({std::string(device), std::string(metric)}, found_.series.size());
    if (inserted) {
      found_.series.push_back({std::string(owner), std::string(device), std::string(metric)});
    }
    found_.samples.push_back({*time, *value, it->second});
  }

  Measured Take() {
    const auto key = [](const Measured::Sample& s) { return std::pair(s.time, s.series); };
    auto& samples = found_.samples;
    std::stable_sort(samples.begin(), samples.end(),
                     [&](const auto& a, const auto& b) { return key(a) < key(b); });
    samples.erase(std::unique(samples.begin(), samples.end(),
                              [&](const auto& a, const auto& b) { return key(a) == key(b); }),
                  samples.end());
    return std::move(found_);
  }

 private:
  static Decimal Number(std::string_view text) {
    const auto number = Decimal::Parse(text);
    GW_CHECK(number.ok());
    return *number;
  }

  const Decimal steps_;
  std::map<std::pair<std::string, std::string>, std::size_t> index_;
  Measured found_;
};

}  // namespace

std::optional<Measured> LondonYear(const char* bench) {
  Collector collector("1000");  // Wh in a kWh
  const bool found = ReadArchive("london-load/households.tar.gz", bench, ',', [&](const Fields& f) {
    if (f.size() != 3 || f[0] == "LCLid") return;
    collector.Add(f[0], f[0], "load", f[1], f[2]);
  });
  if (!found) return std::nullopt;
  return collector.Take();
}

std::optional<Measured> AberdeenDays(const char* bench) {
  static const std::set<std::string_view> kMetrics{"P1", "P2", "temperature", "humidity",
                                                   "pressure"};
  Collector collector("100");
  std::vector<std::string> head;
  const bool found =
      ReadArchive("aberdeen-air/2019-05-05_to_14.tar.gz", bench, ';', [&](const Fields& f) {
        if (f[0] == "sensor_id") {
          head.assign(f.begin(), f.end());
          return;
        }
        if (f.size() != head.size()) return;
        GW_CHECK(head.size() > 6 && head[2] == "location" && head[5] == "timestamp");
        for (std::size_t i = 6; i < f.size(); ++i) {
          if (kMetrics.contains(head[i])) collector.Add(f[2], f[0], head[i], f[5], f[i]);
        }
      });
  if (!found) return std::nullopt;
  return collector.Take();
}

}  // namespace gateway::bench
