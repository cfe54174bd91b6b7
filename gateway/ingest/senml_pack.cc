#include "gateway/ingest/senml_pack.h"

#include <array>
#include <charconv>

#include "gateway/model/limits.h"

namespace gateway::ingest {
namespace {

constexpr int kVersionMax = 10;

// Every string of a payload is kept once at most; beside those there are the resolved name, value and
// time of each record, numbers in plain text: 30 digits and 30 zeros.
constexpr std::size_t kNumberBytesMax = 64;
constexpr std::size_t kTextsBytes =
    limits::kPayloadBytesMax +
    limits::kObservationsPerMessageMax * (limits::kSenmlNameBytesMax + 2 * kNumberBytesMax);

struct Named {
  std::string_view name;
  SenmlLabel label;
};
constexpr Named kLabels[] = {
    {"bs", SenmlLabel::kBaseSum},   {"bv", SenmlLabel::kBaseValue}, {"bu", SenmlLabel::kBaseUnit},
    {"bt", SenmlLabel::kBaseTime},  {"bn", SenmlLabel::kBaseName},  {"bver", SenmlLabel::kBaseVersion},
    {"n", SenmlLabel::kName},       {"u", SenmlLabel::kUnit},       {"v", SenmlLabel::kValue},
    {"vs", SenmlLabel::kString},    {"vb", SenmlLabel::kBoolean},   {"s", SenmlLabel::kSum},
    {"t", SenmlLabel::kTime},       {"ut", SenmlLabel::kUpdate},    {"vd", SenmlLabel::kData},
};

// RFC 8428 §4.5.1.
bool IsName(std::string_view name) {
  constexpr std::string_view kFirst =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::string_view kOthers =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-:./_";
  return !name.empty() && kFirst.find(name.front()) != std::string_view::npos &&
         name.find_first_not_of(kOthers) == std::string_view::npos;
}

bool IsVersion(std::string_view text) {
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  return error == std::errc() && end == text.data() + text.size() && version >= 1 &&
         version <= kVersionMax;
}

bool SetNumber(std::string_view text, std::optional<Decimal>& into) {
  const StatusOr<Decimal> number = Decimal::Parse(text);
  if (number.ok()) into = *number;
  return number.ok();
}

uint16_t BitOf(SenmlLabel label) {
  const int position = static_cast<int>(label) - static_cast<int>(SenmlLabel::kBaseSum);
  return static_cast<uint16_t>(1u << position);
}

}  // namespace

std::optional<SenmlLabel> FindSenmlLabel(std::string_view name) {
  for (const Named& named : kLabels) {
    if (named.name == name) return named.label;
  }
  return std::nullopt;
}

void SenmlPack::Begin(std::vector<SenmlRecord>& records) {
  records_ = &records;
  raw_ = {};
  base_name_ = base_unit_ = {};
  base_time_.reset();
  base_value_.reset();
  base_sum_ = false;
  texts_.clear();
  texts_.reserve(kTextsBytes);
}

bool SenmlPack::Has(SenmlLabel label) const { return (raw_.seen & BitOf(label)) != 0; }

std::optional<std::string_view> SenmlPack::Keep(std::string_view a, std::string_view b) {
  if (a.size() + b.size() > texts_.capacity() - texts_.size()) return std::nullopt;
  const std::size_t start = texts_.size();
  texts_ += a;
  texts_ += b;
  return std::string_view(texts_).substr(start);
}

bool SenmlPack::Set(SenmlLabel label, FieldKind kind, std::string_view text) {
  if (Has(label)) return false;
  raw_.seen |= BitOf(label);
  std::optional<Decimal> ignored;
  switch (label) {
    case SenmlLabel::kBaseName:
    case SenmlLabel::kBaseUnit: {
      const std::optional<std::string_view> kept = Keep(text);
      if (kind != FieldKind::kText || !kept) return false;
      (label == SenmlLabel::kBaseName ? base_name_ : base_unit_) = *kept;
      return true;
    }
    case SenmlLabel::kBaseVersion:
      return kind == FieldKind::kNumber && IsVersion(text);
    case SenmlLabel::kBaseTime:
      return kind == FieldKind::kNumber && SetNumber(text, base_time_);
    case SenmlLabel::kBaseValue:
      return kind == FieldKind::kNumber && SetNumber(text, base_value_);
    case SenmlLabel::kBaseSum:
      base_sum_ = true;
      return kind == FieldKind::kNumber && SetNumber(text, ignored);
    case SenmlLabel::kSum:
    case SenmlLabel::kUpdate:
      return kind == FieldKind::kNumber && SetNumber(text, ignored);
    case SenmlLabel::kTime:
      return kind == FieldKind::kNumber && SetNumber(text, raw_.time);
    case SenmlLabel::kName:
      raw_.name = text;
      return kind == FieldKind::kText;
    case SenmlLabel::kUnit:
      raw_.unit = text;
      return kind == FieldKind::kText;
    case SenmlLabel::kData:
      return kind == FieldKind::kText;
    case SenmlLabel::kValue:
      raw_.value = text;
      raw_.value_kind = kind;
      return kind == FieldKind::kNumber || kind == FieldKind::kNull;
    case SenmlLabel::kBoolean:
      raw_.value_kind = kind;
      return kind == FieldKind::kTrue || kind == FieldKind::kFalse;
    case SenmlLabel::kString:
      raw_.value = text;
      raw_.value_kind = kind;
      return kind == FieldKind::kText;
  }
  return false;
}

bool SenmlPack::ResolveValue(SenmlRecord& record) {
  record.kind = raw_.value_kind;
  std::optional<std::string_view> kept;
  if (record.kind == FieldKind::kNumber && base_value_) {
    const StatusOr<Decimal> value = Decimal::Parse(raw_.value);
    if (!value.ok()) return false;
    const StatusOr<Decimal> sum = base_value_->Plus(*value);
    if (!sum.ok()) return false;
    kept = Keep(sum->ToString());
  } else {
    kept = Keep(raw_.value);
  }
  if (kept) record.value = *kept;
  return kept.has_value();
}

bool SenmlPack::ResolveTime(SenmlRecord& record) {
  std::optional<Decimal> time = raw_.time ? raw_.time : base_time_;
  if (!time) return true;
  if (raw_.time && base_time_) {
    const StatusOr<Decimal> sum = base_time_->Plus(*raw_.time);
    if (!sum.ok()) return false;
    time = *sum;
  }
  const std::optional<std::string_view> kept = Keep(time->ToString());
  if (kept) record.time = *kept;
  return kept.has_value();
}

bool SenmlPack::EndRecord() {
  // A record of base fields alone sets them for the ones after it, as in the RFC's own examples.
  if (raw_.seen != 0 && raw_.seen < BitOf(SenmlLabel::kName)) {
    raw_ = {};
    return true;
  }
  int values = 0;
  for (const SenmlLabel label : {SenmlLabel::kValue, SenmlLabel::kBoolean, SenmlLabel::kString,
                                 SenmlLabel::kData}) {
    values += Has(label) ? 1 : 0;
  }
  if (values > 1 || (values == 0 && !Has(SenmlLabel::kSum) && !base_sum_)) return false;
  if (base_name_.size() + raw_.name.size() > limits::kSenmlNameBytesMax) return false;
  const std::optional<std::string_view> name = Keep(base_name_, raw_.name);
  if (!name || !IsName(*name)) return false;
  SenmlRecord record{.name = *name, .unit = base_unit_, .value = {}, .time = {}};
  if (!raw_.unit.empty()) {
    const std::optional<std::string_view> unit = Keep(raw_.unit);
    if (!unit) return false;
    record.unit = *unit;
  }
  if (!ResolveTime(record)) return false;
  if (values == 1 && !Has(SenmlLabel::kData)) {
    if (!ResolveValue(record)) return false;
    records_->push_back(record);
  }
  raw_ = {};
  return true;
}

}  // namespace gateway::ingest
