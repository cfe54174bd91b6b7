// The door's picture of devices and rules: see port::AdmissionTable.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/pipeline/registry.h"
#include "gateway/port/intake.h"

namespace gateway::pipeline {

// Filled by the registry, then immutable and shared.
class Admissions final : public port::AdmissionTable {
 public:
  // `rules` may be null: then nothing is collected. Kept alive, as admissions point to its metrics.
  explicit Admissions(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  void Add(const store::Vault& vault, const Household& household,
           const port::EnrolledDevice& device);
  void SetBridges(std::vector<port::BridgeLogin> bridges) { bridges_ = std::move(bridges); }

  const port::Admission& Find(std::string_view profile, std::string_view claim,
                              std::string_view metric) const override;
  port::DoorCode FindDevice(std::string_view profile, std::string_view claim) const override;
  std::span<const port::EnrolledDevice> devices() const override { return enrolled_; }
  std::span<const port::BridgeLogin> bridges() const override { return bridges_; }
  const TimeZone& time_zone() const override;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <typename Value>
  using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;
  struct Device {
    std::string profile;
    const port::Admission* unconfirmed = nullptr;  // the answer until a steward has confirmed
    std::map<std::string, port::Admission, std::less<>> metrics;
  };
  // A profile that reads parts of a device, and the answer about them: kAdmitted if any of them is.
  struct Part {
    std::string profile;
    port::DoorCode code;
  };
  void AddParts(std::string_view claim, const std::string& profile, port::DoorCode code);

  const std::shared_ptr<const Rules> rules_;
  ByText<Device> devices_;           // by claim
  ByText<std::vector<Part>> parts_;  // by what stands before a ':' of a claim
  std::vector<port::EnrolledDevice> enrolled_;
  std::vector<port::BridgeLogin> bridges_;
};

}  // namespace gateway::pipeline
