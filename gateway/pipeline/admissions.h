// The door's picture of devices and rules: see port::AdmissionTable.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/pipeline/registry.h"
#include "gateway/port/intake.h"

namespace gateway::pipeline {

// What is known of a device that was enrolled by its name alone.
port::EnrolledDevice EnrolledAs(const DeviceId& device);

// Filled by the registry, then immutable and shared.
class Admissions final : public port::AdmissionTable {
 public:
  // `rules` may be null: then nothing is collected. Kept alive, as admissions point to its metrics.
  explicit Admissions(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  void Add(const store::Vault& vault, const Household& household, const DeviceId& device);

  const port::Admission& Find(std::string_view profile, std::string_view claim,
                              std::string_view metric) const override;
  port::DoorCode FindDevice(std::string_view profile, std::string_view claim) const override;
  std::span<const port::EnrolledDevice> devices() const override { return enrolled_; }
  const TimeZone& time_zone() const override;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Device {
    const port::Admission* unconfirmed = nullptr;  // the answer until a steward has confirmed
    std::map<std::string, port::Admission, std::less<>> metrics;
  };

  const std::shared_ptr<const Rules> rules_;
  std::unordered_map<std::string, Device, TextHash, std::equal_to<>> devices_;  // by claim
  std::vector<port::EnrolledDevice> enrolled_;
};

}  // namespace gateway::pipeline
