// What the benchmarks of ingest share: a neighbourhood enrolled in a real store, and what its devices
// publish.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/pipeline/pipeline.h"
#include "tests/bench/mqtt_load.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::bench {

enum class Payload { kNumber, kJson, kSenml };

inline constexpr Payload kPayloads[] = {Payload::kNumber, Payload::kJson, Payload::kSenml};

std::string_view NameOf(Payload payload);  // "number"

// Of a street whose devices measure power-0, power-1, … that are collected, kept and shared.
std::string StreetPolicy(const std::string& profile, int metrics);
inline constexpr std::string_view kStreetRoster =
    "schema: commons-roster/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
    "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
    "gateways: [{id: gw-a, zone: north}]\nparties: [{id: city-hall, kind: municipality}]\n";

// Forty series to a household: two devices that measure twenty metrics each, under a policy that
// collects, keeps and shares them all, with a grant of everybody. Thread-compatible.
class Street {
 public:
  // `payload` decides which profile the devices are enrolled with. `series`: a multiple of 40.
  Street(int series, Payload payload);
  ~Street() { std::filesystem::remove_all(root()); }

  // `count` messages, one value each, in turns of the series, ten seconds from turn to turn.
  std::vector<Message> Messages(int count) const;
  int64_t SumOf(int count) const;  // of their values, as they should be stored
  Message MessageOf(int number) const;

  int series() const { return series_; }
  // Of the closed store; `db` and `keyslots` are in it.
  std::filesystem::path root() const { return commons_.dir().parent_path(); }
  const std::string& master() const { return commons_.master(); }

 private:
  std::string Profile() const;
  void Activate();
  void Enrol();

  const int series_;
  const Payload payload_;
  const Time start_;
  pipeline::Commons commons_;
};

// A gateway of its own: a copy of the street's store, with the machine's clock.
class Gateway {
 public:
  explicit Gateway(const Street& street);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  pipeline::Pipeline& pipeline() { return *pipeline_; }
  // Stored readings and the sum of their values, after a restart; the last call.
  std::pair<int, int64_t> ReadBack();

 private:
  crypto::SecretKey Master() const;
  void Open();

  const std::filesystem::path dir_;
  const std::string master_;
  RealClock clock_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
};

}  // namespace gateway::bench
