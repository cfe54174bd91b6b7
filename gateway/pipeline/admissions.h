// The door's picture of devices and rules: see port::AdmissionTable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/pipeline/flat_index.h"
#include "gateway/pipeline/registry.h"
#include "gateway/port/intake.h"

namespace gateway::pipeline {

// Filled by the registry, then immutable and shared. A copy, for the next change, shares its devices
// with the original: it takes microseconds, however many they are.
class Admissions final : public port::AdmissionTable {
 public:
  // `rules` may be null: then nothing is collected. Kept alive, as admissions point to its metrics.
  explicit Admissions(std::shared_ptr<const Rules> rules);
  Admissions(const Admissions&) = default;
  Admissions& operator=(const Admissions&) = delete;

  // In place of what was there under its claim.
  void Put(const store::Vault& vault, const Household& household,
           const port::EnrolledDevice& device);
  void SetBridges(std::vector<port::BridgeLogin> bridges) { bridges_ = std::move(bridges); }

  const port::Admission& Find(std::string_view profile, std::string_view claim,
                              std::string_view metric) const override;
  port::DoorCode FindDevice(std::string_view profile, std::string_view claim) const override;
  std::span<const std::shared_ptr<const port::EnrolledDevice>> devices() const override {
    return devices_;
  }
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
  // What the rules say of their metrics, by position in the policy.
  struct Collected {
    explicit Collected(const Rules* rules);
    ByText<std::size_t> position;
    std::vector<port::Admission> admissions;  // of nobody: code, rule, metric and coarsening
    std::vector<std::string> profiles;        // beside them: the only one that may; empty: any
  };
  struct Device : port::EnrolledDevice {
    explicit Device(const port::EnrolledDevice& enrolled) : EnrolledDevice(enrolled) {}
    const port::Admission* unconfirmed = nullptr;  // the answer until a steward has confirmed
    std::vector<port::Admission> metrics;          // by position; empty while there is no rule
  };
  // A profile that reads parts of a device, and the answer about them: kAdmitted if any of them is.
  struct Part {
    std::string profile;
    port::DoorCode code;
  };
  using Parts = ByText<std::vector<Part>>;
  const Device* At(std::string_view claim) const;
  void PutParts(std::string_view claim, const std::string& profile, port::DoorCode code);

  const std::shared_ptr<const Rules> rules_;
  const std::shared_ptr<const Collected> collected_;
  std::vector<std::shared_ptr<const port::EnrolledDevice>> devices_;  // each a Device
  FlatIndex by_claim_;                                                // positions in devices_
  // By what stands before a ':' of a claim.
  std::shared_ptr<const Parts> parts_ = std::make_shared<const Parts>();
  std::vector<port::BridgeLogin> bridges_;
};

}  // namespace gateway::pipeline
