// What the tests of ingest share: the core as the door sees it, and the shortest profiles.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/ingest/own_profile.h"
#include "gateway/ingest/profile.h"
#include "gateway/model/time.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

inline constexpr char kGeneric[] = R"(schema: commons-profile/1
id: generic
about: anything
messages:
  - topic: sensors/{device}/{metric}
    format: [number, json]
    time: {at: time, form: iso, stamp: start}
    readings:
      - {metric: "{metric}", at: value, unit_at: unit}
)";

inline Profile ParseProfile(std::string_view text) {
  StatusOr<Profile> profile = Profile::Parse(text, "test.yaml");
  EXPECT_TRUE(profile.ok()) << profile.status();
  GW_CHECK(profile.ok());
  return *std::move(profile);
}

// A profile `p` of one message, in YAML's flow style: "topic: a/{device}, format: json, …".
inline Profile OneMessage(const std::string& message) {
  return ParseProfile("schema: commons-profile/1\nid: p\nabout: a test\nmessages:\n  - {" + message +
                      "}\n");
}

inline Metric MakeMetric(const std::string& id, const std::string& unit,
                         const std::string& resolution, MetricKind kind) {
  Metric metric;
  metric.id = MetricId(id);
  metric.unit = unit;
  metric.resolution = *Decimal::Parse(resolution);
  metric.kind = kind;
  const bool state = kind == MetricKind::kState;
  metric.lo = state ? 0 : -1'000'000'000;
  metric.hi = state ? 1 : 1'000'000'000;
  metric.interval = std::chrono::minutes(1);
  return metric;
}

// As the core keeps it.
inline std::shared_ptr<const port::EnrolledDevice> WithOwnRead(port::EnrolledDevice device) {
  if (!device.own_profile.empty()) device.own = OwnProfile::Read(device.own_profile);
  return std::make_shared<const port::EnrolledDevice>(std::move(device));
}

// Claims are enrolled with one profile each.
class FakeTable final : public port::AdmissionTable {
 public:
  const port::Admission& Find(std::string_view profile, std::string_view claim,
                              std::string_view metric) const override {
    const port::DoorCode device = FindDevice(profile, claim);
    if (device == port::DoorCode::kUnknownDevice) return unknown;
    if (device == port::DoorCode::kOtherProfile) return other_profile;
    const auto found = rows.find({std::string(claim), std::string(metric)});
    return found == rows.end() ? uncollected : found->second;
  }
  port::DoorCode FindDevice(std::string_view profile, std::string_view claim) const override {
    ++asked;
    for (const auto& device : enrolled) {
      const bool part = claim.ends_with(":*") && device->claim.starts_with(
                                                     claim.substr(0, claim.size() - 1));
      if (device->claim != claim && !part) continue;
      return device->profile == profile ? port::DoorCode::kAdmitted : port::DoorCode::kOtherProfile;
    }
    return port::DoorCode::kUnknownDevice;
  }
  std::span<const std::shared_ptr<const port::EnrolledDevice>> devices() const override {
    return enrolled;
  }
  const TimeZone& time_zone() const override { return zone; }

  // The device's label is its claim.
  void Enrol(const std::string& profile, const std::string& claim, const Metric& metric,
             port::DoorCode code = port::DoorCode::kAdmitted, const std::string& own = {}) {
    bool known = false;
    for (const auto& device : enrolled) known = known || device->claim == claim;
    if (!known) {
      enrolled.push_back(WithOwnRead({.device = DeviceId(claim), .profile = profile,
                                      .claim = claim, .own_profile = own}));
    }
    port::Admission admission;
    admission.code = code;
    admission.device = DeviceId(claim);
    admission.metric = code == port::DoorCode::kAdmitted ? &metric : nullptr;
    std::string series = claim + "/" + metric.id.value();
    series.resize(16, '.');
    admission.series = SeriesId::FromBytes(series);
    rows[{claim, metric.id.value()}] = admission;
  }

  TimeZone zone = TimeZone::Utc();
  std::vector<std::shared_ptr<const port::EnrolledDevice>> enrolled;
  std::map<std::pair<std::string, std::string>, port::Admission> rows;
  port::Admission unknown;
  port::Admission other_profile = [] {
    port::Admission admission;
    admission.code = port::DoorCode::kOtherProfile;
    return admission;
  }();
  port::Admission uncollected = [] {
    port::Admission admission;
    admission.code = port::DoorCode::kNoCollectRule;
    return admission;
  }();
  mutable int asked = 0;
};

class FakeIntake final : public port::Intake {
 public:
  std::shared_ptr<const port::AdmissionTable> admissions() const override { return table; }
  Time Now() const override { return now; }
  bool ClockSound() const override { return clock_sound; }
  bool ComparesStampsWithNow() const override { return compare_stamps; }
  void Received(uint32_t observations) override { received += observations; }
  void Refused(port::DoorCode code) override { refused.push_back(code); }
  void Quarantine(const port::Delivery&, const port::PutAside& aside) override {
    quarantined.emplace_back(aside.admission.device.value(), aside.code);
    arrivals.push_back(aside.arrival);
    beside.push_back(aside.beside.size());
    unsound.push_back(!aside.clock_sound);
  }
  Status Append(const port::Delivery& delivery, std::span<const port::Admitted> readings,
                bool with_number) override {
    ++append_calls;
    if (failures_left > 0) {
      --failures_left;
      return Unavailable("the disk is full");
    }
    redelivered = delivery.redelivered;
    numbered = with_number;
    for (const port::Admitted& admitted : readings) {
      devices.push_back(admitted.admission->device.value());
      series = admitted.admission->series;
      stored.push_back(admitted.reading);
    }
    return OkStatus();
  }

  std::shared_ptr<FakeTable> table = std::make_shared<FakeTable>();
  Time now = *ParseTime("2013-01-14T01:00:00Z");
  bool compare_stamps = true;
  bool clock_sound = true;
  int failures_left = 0;
  int append_calls = 0;
  uint32_t received = 0;
  bool redelivered = false;
  bool numbered = false;
  SeriesId series;
  std::vector<port::DoorCode> refused;
  std::vector<std::pair<std::string, port::DoorCode>> quarantined;
  // Of those.
  std::vector<Time> arrivals;
  std::vector<std::size_t> beside;
  std::vector<bool> unsound;
  std::vector<std::string> devices;  // beside `stored`
  std::vector<Reading> stored;
};

}  // namespace gateway::ingest
