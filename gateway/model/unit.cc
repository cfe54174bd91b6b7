#include "gateway/model/unit.h"

#include <numeric>

#include "gateway/base/check.h"

namespace gateway {
namespace {

enum class Quantity : uint8_t {
  kEnergy, kApparentEnergy, kReactiveEnergy, kPower, kApparentPower, kReactivePower, kVoltage,
  kCurrent, kTemperature, kHumidity, kCharge, kPressure, kMassPerVolume, kFraction, kLevel,
  kIlluminance, kVolume, kTime, kSpeed, kFrequency, kNumber,
};

// One `name` is (times, plus, by) of the quantity's base unit.
struct Known {
  std::string_view name;
  Quantity quantity;
  Conversion in_base;
};

using enum Quantity;

constexpr Known kUnits[] = {
    {"J", kEnergy, {1, 0, 1}},
    {"kJ", kEnergy, {1'000, 0, 1}},
    {"MJ", kEnergy, {1'000'000, 0, 1}},
    {"Ws", kEnergy, {1, 0, 1}},
    {"Wm", kEnergy, {60, 0, 1}},
    {"W·min", kEnergy, {60, 0, 1}},
    {"mWh", kEnergy, {18, 0, 5}},
    {"Wh", kEnergy, {3'600, 0, 1}},
    {"kWh", kEnergy, {3'600'000, 0, 1}},
    {"MWh", kEnergy, {3'600'000'000, 0, 1}},

    {"VAs", kApparentEnergy, {1, 0, 1}},
    {"VAh", kApparentEnergy, {3'600, 0, 1}},
    {"vah", kApparentEnergy, {3'600, 0, 1}},
    {"kVAh", kApparentEnergy, {3'600'000, 0, 1}},

    {"vars", kReactiveEnergy, {1, 0, 1}},
    {"varh", kReactiveEnergy, {3'600, 0, 1}},
    {"kvarh", kReactiveEnergy, {3'600'000, 0, 1}},

    {"mW", kPower, {1, 0, 1'000}},
    {"W", kPower, {1, 0, 1}},
    {"kW", kPower, {1'000, 0, 1}},

    {"VA", kApparentPower, {1, 0, 1}},
    {"kVA", kApparentPower, {1'000, 0, 1}},

    {"var", kReactivePower, {1, 0, 1}},
    {"kvar", kReactivePower, {1'000, 0, 1}},

    {"mV", kVoltage, {1, 0, 1'000}},
    {"V", kVoltage, {1, 0, 1}},
    {"kV", kVoltage, {1'000, 0, 1}},

    {"mA", kCurrent, {1, 0, 1'000}},
    {"A", kCurrent, {1, 0, 1}},

    {"K", kTemperature, {1, 0, 1}},
    {"degC", kTemperature, {100, 27'315, 100}},
    {"°C", kTemperature, {100, 27'315, 100}},
    {"Cel", kTemperature, {100, 27'315, 100}},
    {"C", kTemperature, {100, 27'315, 100}},
    {"degF", kTemperature, {500, 229'835, 900}},  // (x + 459.67) × 5 ÷ 9
    {"°F", kTemperature, {500, 229'835, 900}},
    {"F", kTemperature, {500, 229'835, 900}},

    {"%", kHumidity, {1, 0, 1}},
    {"%RH", kHumidity, {1, 0, 1}},
    {"%", kCharge, {1, 0, 1}},
    {"%EL", kCharge, {1, 0, 1}},

    {"Pa", kPressure, {1, 0, 1}},
    {"hPa", kPressure, {100, 0, 1}},
    {"mbar", kPressure, {100, 0, 1}},
    {"kPa", kPressure, {1'000, 0, 1}},
    {"bar", kPressure, {100'000, 0, 1}},

    {"ug/m3", kMassPerVolume, {1, 0, 1}},
    {"ug/m³", kMassPerVolume, {1, 0, 1}},
    {"µg/m3", kMassPerVolume, {1, 0, 1}},  // U+00B5, the micro sign
    {"µg/m³", kMassPerVolume, {1, 0, 1}},
    {"μg/m3", kMassPerVolume, {1, 0, 1}},  // U+03BC, the Greek letter
    {"μg/m³", kMassPerVolume, {1, 0, 1}},
    {"mg/m3", kMassPerVolume, {1'000, 0, 1}},
    {"mg/m³", kMassPerVolume, {1'000, 0, 1}},

    {"ppb", kFraction, {1, 0, 1}},
    {"ppm", kFraction, {1'000, 0, 1}},

    {"dB", kLevel, {1, 0, 1}},
    {"dBA", kLevel, {1, 0, 1}},
    {"dB(A)", kLevel, {1, 0, 1}},

    {"lx", kIlluminance, {1, 0, 1}},
    {"lux", kIlluminance, {1, 0, 1}},

    {"L", kVolume, {1, 0, 1}},
    {"l", kVolume, {1, 0, 1}},
    {"dm3", kVolume, {1, 0, 1}},
    {"m3", kVolume, {1'000, 0, 1}},
    {"m³", kVolume, {1'000, 0, 1}},

    {"ms", kTime, {1, 0, 1}},
    {"s", kTime, {1'000, 0, 1}},
    {"min", kTime, {60'000, 0, 1}},
    {"h", kTime, {3'600'000, 0, 1}},

    {"m/s", kSpeed, {1, 0, 1}},
    {"km/h", kSpeed, {5, 0, 18}},

    {"Hz", kFrequency, {1, 0, 1}},

    {"1", kNumber, {1, 0, 1}},
    {"count", kNumber, {1, 0, 1}},
};

// base = (x·ta + pa)/ba and base = (y·tb + pb)/bb, so y = (x·ta·bb + pa·bb − pb·ba)/(ba·tb).
// The table's numbers are small enough for 63 bits (unit_test tries every pair under UBSan).
Conversion Between(const Conversion& a, const Conversion& b) {
  const int64_t times = a.times * b.by;
  const int64_t plus = a.plus * b.by - b.plus * a.by;
  const int64_t by = a.by * b.times;
  const int64_t common = std::gcd(std::gcd(times, by), plus);
  return {times / common, plus / common, by / common};
}

}  // namespace

std::optional<Conversion> ConvertUnit(std::string_view from, std::string_view to) {
  if (from == to) return Conversion{};
  for (const Known& a : kUnits) {
    if (a.name != from) continue;
    for (const Known& b : kUnits) {
      if (b.name == to && b.quantity == a.quantity) return Between(a.in_base, b.in_base);
    }
  }
  return std::nullopt;
}

StatusOr<int64_t> ToSteps(const Decimal& number, const Conversion& conversion,
                          const Decimal& resolution) {
  GW_CHECK(conversion.times > 0 && conversion.by > 0);
  return number.Affine(conversion.times, conversion.plus, conversion.by, resolution);
}

}  // namespace gateway
