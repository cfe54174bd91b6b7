// The profiles that ship, as the door uses them: topic and payload in, one text per observation out.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ingest/resolver.h"
#include "ingest_fixture.h"

namespace gateway::ingest {

// First what is admitted, "plug-7 power 26350 2018-02-15T16:37:10Z local", then the codes of what is
// refused, each in the order of the profile.
using Outcome = std::vector<std::string>;

class ProfilesTest : public testing::Test {
 protected:
  static const std::vector<Profile>& Shipped() {
    static const auto profiles = [] {
      StatusOr<std::vector<Profile>> loaded =
          LoadProfiles(GATEWAY_SOURCE_DIR "/gateway/ingest/profiles");
      EXPECT_TRUE(loaded.ok()) << loaded.status();
      GW_CHECK(loaded.ok());
      return *std::move(loaded);
    }();
    return profiles;
  }

  ProfilesTest() { table_->zone = *TimeZone::Load("Europe/Paris"); }

  void Enrol(const std::string& profile, const std::vector<std::string>& claims) {
    for (const std::string& claim : claims) {
      for (const Metric& metric : metrics_) table_->Enrol(profile, claim, metric);
    }
  }

  Outcome Resolve(const std::string& topic, const std::string& payload) {
    const Resolved& resolved =
        resolver_.Resolve({.topic = topic, .payload = payload}, table_,
                          {.now = *ParseTime("2026-11-24T12:00:00Z")});
    Outcome outcome;
    for (const port::Admitted& admitted : resolved.admitted) {
      const Reading& reading = admitted.reading;
      std::string text = Format("%s %s %d ", admitted.admission->device.value(),
                                admitted.admission->metric->id.value(), reading.value);
      text += (reading.quality & kQualityArrivalTime) != 0 ? "arrival" : FormatTime(reading.time);
      if ((reading.quality & kQualityLocalTime) != 0) text += " local";
      outcome.push_back(text);
    }
    for (const Refusal& refusal : resolved.refused) {
      outcome.emplace_back(DoorCodeName(refusal.code));
    }
    return outcome;
  }

  // The id of the profile that reads the message of a device nobody has enrolled.
  std::string FamilyOfStranger(const std::string& topic, const std::string& payload) {
    const Resolved& resolved = resolver_.Resolve({.topic = topic, .payload = payload}, table_, {});
    return resolved.profile == nullptr ? "" : resolved.profile->id();
  }

  // The resolutions are fine enough to see every digit that matters.
  const std::vector<Metric> metrics_ = {
      MakeMetric("power", "W", "0.1", MetricKind::kGauge),
      MakeMetric("apparent-power", "VA", "1", MetricKind::kGauge),
      MakeMetric("energy-index", "Wh", "1", MetricKind::kCounter),
      MakeMetric("energy-index-peak", "Wh", "1", MetricKind::kCounter),
      MakeMetric("energy-index-offpeak", "Wh", "1", MetricKind::kCounter),
      MakeMetric("load", "Wh", "0.001", MetricKind::kDelta),
      MakeMetric("voltage", "V", "0.1", MetricKind::kGauge),
      MakeMetric("current", "A", "0.001", MetricKind::kGauge),
      MakeMetric("temperature", "degC", "0.01", MetricKind::kGauge),
      MakeMetric("humidity", "%RH", "0.1", MetricKind::kGauge),
      MakeMetric("pressure", "hPa", "0.1", MetricKind::kGauge),
      MakeMetric("illuminance", "lx", "1", MetricKind::kGauge),
      MakeMetric("co2", "ppm", "1", MetricKind::kGauge),
      MakeMetric("pm10", "ug/m3", "0.01", MetricKind::kGauge),
      MakeMetric("pm2-5", "ug/m3", "0.01", MetricKind::kGauge),
      MakeMetric("noise", "dB", "0.1", MetricKind::kLevel),
      MakeMetric("occupancy", "1", "1", MetricKind::kState),
      MakeMetric("switched", "1", "1", MetricKind::kState),
      MakeMetric("pulses", "1", "1", MetricKind::kCounter),
      MakeMetric("battery", "%", "1", MetricKind::kGauge),
  };
  std::shared_ptr<FakeTable> table_ = std::make_shared<FakeTable>();

 private:
  Resolver resolver_{Shipped()};
};

// The files of a folder of shared/data/payloads whose names end so, in order; none if absent.
inline std::vector<std::filesystem::path> RealPayloads(const std::string& folder,
                                                       std::string_view ending) {
  const char* shared = std::getenv("COMMONS_SHARED");
  const std::filesystem::path root = shared != nullptr ? shared : GATEWAY_SOURCE_DIR "/../shared";
  std::vector<std::filesystem::path> paths;
  std::error_code failure;
  for (const auto& entry :
       std::filesystem::directory_iterator(root / "data/payloads" / folder, failure)) {
    if (entry.path().filename().string().ends_with(ending)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

inline std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace gateway::ingest
