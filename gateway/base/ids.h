// Strong identifiers: a household is not a device and neither is a metric, even though all three
// are short strings. `StrongId<Tag>` compares, hashes and orders; it never converts by itself.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace gateway {

template <typename Tag>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(std::string value) : value_(std::move(value)) {}
  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend auto operator<=>(const StrongId&, const StrongId&) = default;

 private:
  std::string value_;
};

// 16 bytes that mean nothing to whoever lacks the key they were made with.
template <typename Tag>
class Pseudonym {
 public:
  static constexpr std::size_t kBytes = 16;
  Pseudonym() = default;
  explicit Pseudonym(const std::array<uint8_t, kBytes>& bytes) : bytes_(bytes) {}
  // `bytes` must hold exactly kBytes.
  static Pseudonym FromBytes(std::string_view bytes) {
    Pseudonym result;
    std::memcpy(result.bytes_.data(), bytes.data(), kBytes);
    return result;
  }
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), kBytes};
  }
  friend auto operator<=>(const Pseudonym&, const Pseudonym&) = default;

 private:
  std::array<uint8_t, kBytes> bytes_{};
};

}  // namespace gateway

template <typename Tag>
struct std::hash<gateway::StrongId<Tag>> {
  std::size_t operator()(const gateway::StrongId<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.value());
  }
};

template <typename Tag>
struct std::hash<gateway::Pseudonym<Tag>> {
  std::size_t operator()(const gateway::Pseudonym<Tag>& id) const noexcept {
    std::size_t result;  // Keyed hash output: any eight of its bytes are as good as another hash.
    std::memcpy(&result, id.view().data(), sizeof(result));
    return result;
  }
};
