#include "gateway/model/metric.h"

#include "gateway/base/check.h"

namespace gateway {
namespace {

struct Known {
  std::string_view unit;
  std::string_view dimension;
  std::string_view in_base;  // how many base units one `unit` is
};

constexpr Known kUnits[] = {
    {"mWh", "energy", "0.001"}, {"Wh", "energy", "1"},         {"kWh", "energy", "1000"},
    {"MWh", "energy", "1000000"},
    {"ug/m3", "mass per volume", "1"},  {"mg/m3", "mass per volume", "1000"},
    {"µg/m³", "mass per volume", "1"},  // U+00B5, the micro sign
    {"μg/m³", "mass per volume", "1"},  // U+03BC, the Greek letter
    {"mg/m³", "mass per volume", "1000"},
};

Decimal Exact(std::string_view text) {
  StatusOr<Decimal> parsed = Decimal::Parse(text);
  GW_CHECK(parsed.ok());
  return *parsed;
}

const Known* Find(std::string_view unit) {
  for (const Known& known : kUnits) {
    if (known.unit == unit) return &known;
  }
  return nullptr;
}

}  // namespace

uint32_t StepsPerBel(const Decimal& resolution) {
  const std::string text = resolution.ToString();
  return text == "1" ? 10 : text == "0.1" ? 100 : text == "0.01" ? 1000 : 0;
}

std::optional<Decimal> UnitFactor(std::string_view from, std::string_view unit) {
  if (from == unit) return Exact("1");
  const Known* a = Find(from);
  const Known* b = Find(unit);
  if (a == nullptr || b == nullptr || a->dimension != b->dimension) return std::nullopt;
  // The table holds powers of ten only, so the quotient is one too: shift, never divide.
  const StatusOr<int64_t> up = Exact(a->in_base).Scale(Exact("1"), Exact(b->in_base));
  if (up.ok() && *up >= 1) return Exact(Format("%d", *up));
  const StatusOr<int64_t> down = Exact(b->in_base).Scale(Exact("1"), Exact(a->in_base));
  GW_CHECK(down.ok());
  return Exact("1e-" + std::to_string(Format("%d", *down).size() - 1));
}

bool IsDocumentId(std::string_view text) {
  if (text.empty() || text.size() > 48 || text[0] < 'a' || text[0] > 'z') return false;
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

}  // namespace gateway
