#include "gateway/pipeline/duties.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/log.h"

namespace gateway::pipeline {

using policy::Duty;
using policy::DutyKind;
using store::Table;

namespace {

constexpr std::string_view kRowKey = "duties";
constexpr uint8_t kVersion = 1;

void PutTime(ByteWriter& out, Time time) { out.I64(time.time_since_epoch().count()); }
Time TakeTime(ByteReader& in) { return Time(Millis(in.I64())); }

bool Concerns(const policy::Policy& policy, const Duty& duty, const MetricId& metric) {
  if (duty.kind != DutyKind::kPublish) return false;
  const policy::ShareRule* rule = policy.FindShareRule(duty.rule);
  return rule != nullptr && rule->metric == metric;
}

bool Concerns(const Duty& duty, const PartyId& party, std::string_view purpose) {
  return duty.kind == DutyKind::kAnswer && std::ranges::count(duty.to, party.value()) > 0 &&
         std::ranges::count(duty.purposes, purpose) > 0;
}

}  // namespace

Status Duties::Load() {
  ASSIGN_OR_RETURN(const std::optional<std::string> row, vault_.GetRow(Table::kMeta, kRowKey));
  return row.has_value() ? Decode(*row) : OkStatus();
}

std::string Duties::Encode() const {
  ByteWriter out;
  out.U8(kVersion).Varint(records_.size());
  for (const auto& [duty, record] : records_) {
    out.Text(duty.value()).U64(record.fulfilled).U64(record.missed);
    out.U8(record.last_missed ? 1 : 0);
    PutTime(out, record.last_miss);
  }
  out.Varint(overdue_.size());
  for (const auto& [duty, day] : overdue_) {
    out.Text(duty.value()).Text(day.metric.value()).Text(day.zone.value());
    PutTime(out, day.start);
  }
  out.Varint(open_.size());
  for (const auto& [key, question] : open_) {
    out.Text(std::get<0>(key).value()).Text(std::get<1>(key).value()).Text(std::get<2>(key));
    PutTime(out, question.since);
    out.U8(question.missed ? 1 : 0);
  }
  return out.Take();
}

Status Duties::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVersion) return DataLoss("row of duties: not of version %d", kVersion);
  for (uint64_t n = in.Varint(); n > 0 && in.ok(); --n) {
    Record& record = records_[RuleId(std::string(in.Text()))];
    record.fulfilled = in.U64();
    record.missed = in.U64();
    record.last_missed = in.U8() != 0;
    record.last_miss = TakeTime(in);
  }
  for (uint64_t n = in.Varint(); n > 0 && in.ok(); --n) {
    RuleId duty{std::string(in.Text())};
    DayKey day;
    day.metric = MetricId(std::string(in.Text()));
    day.zone = ZoneId(std::string(in.Text()));
    day.start = TakeTime(in);
    overdue_.emplace(std::move(duty), std::move(day));
  }
  for (uint64_t n = in.Varint(); n > 0 && in.ok(); --n) {
    RuleId duty{std::string(in.Text())};
    PartyId party{std::string(in.Text())};
    std::string purpose(in.Text());
    Question& question = open_[{std::move(duty), std::move(party), std::move(purpose)}];
    question.since = TakeTime(in);
    question.missed = in.U8() != 0;
  }
  return in.Finish("row of duties");
}

Status Duties::WriteTo(store::Batch& batch) const {
  return dirty_ ? vault_.PutOwn(batch, Table::kMeta, kRowKey, Encode()) : OkStatus();
}

void Duties::Miss(const RuleId& duty, Time of) {
  Record& record = records_[duty];
  ++record.missed;
  record.last_missed = true;
  record.last_miss = of;
  dirty_ = true;
}

void Duties::Fulfil(const RuleId& duty) {
  Record& record = records_[duty];
  ++record.fulfilled;
  record.last_missed = false;
  dirty_ = true;
}

Status Duties::Look(const policy::Policy& policy, const OpenDays& days, Time now) {
  const Duties before = *this;
  std::vector<std::string> said;
  std::erase_if(overdue_, [&](const DayMiss& miss) { return !days.days().contains(miss.second); });
  for (const Duty& duty : policy.duty) {
    for (const auto& [key, day] : days.days()) {
      if (!Concerns(policy, duty, key.metric) || now <= day.window.end + duty.within) continue;
      if (!overdue_.emplace(duty.id, key).second) continue;
      Miss(duty.id, key.start);
      said.push_back(Format("duty \"%s\": the day from %s in \"%s\" is not published in time",
                            duty.id.value(), FormatTime(key.start), key.zone.value()));
    }
    for (auto& [key, question] : open_) {
      if (std::get<0>(key) != duty.id || question.missed || now <= question.since + duty.within) {
        continue;
      }
      question.missed = true;
      Miss(duty.id, question.since);
      said.push_back(Format("duty \"%s\": a question of \"%s\" for \"%s\" was not answered in time",
                            duty.id.value(), std::get<1>(key).value(), std::get<2>(key)));
    }
  }
  // What the policy does not owe any more.
  std::erase_if(open_, [&](const auto& entry) {
    return std::ranges::find(policy.duty, std::get<0>(entry.first), &Duty::id) == policy.duty.end();
  });
  if (said.empty()) return OkStatus();
  // Before it is said: a restart must not say it again.
  store::Batch batch;
  Status status = WriteTo(batch);
  if (status.ok()) status = vault_.Commit(batch);
  if (!status.ok()) {
    records_ = before.records_;
    overdue_ = before.overdue_;
    open_ = before.open_;
    return status;
  }
  Written();
  for (const std::string& line : said) Log(LogLevel::kWarning, "%s", line);
  return OkStatus();
}

void Duties::Decided(const policy::Policy& policy, const DayKey& key, const Window& day,
                     Time decided_at) {
  for (const Duty& duty : policy.duty) {
    if (!Concerns(policy, duty, key.metric) || overdue_.contains({duty.id, key})) continue;
    if (decided_at <= day.end + duty.within) Fulfil(duty.id);
  }
}

void Duties::Asked(const policy::Policy& policy, const PartyId& party, std::string_view purpose,
                   bool answered, Time now) {
  for (const Duty& duty : policy.duty) {
    if (!Concerns(duty, party, purpose)) continue;
    const QuestionKey key{duty.id, party, std::string(purpose)};
    const auto open = open_.find(key);
    if (!answered) {
      if (open == open_.end()) open_[key] = {.since = now, .missed = false};
      dirty_ = true;
      continue;
    }
    const bool missed = open != open_.end() && open->second.missed;
    const bool late = open != open_.end() && now > open->second.since + duty.within;
    if (late && !missed) Miss(duty.id, open->second.since);
    if (!late && !missed) Fulfil(duty.id);
    if (open != open_.end()) open_.erase(open);
    dirty_ = true;
  }
}

std::vector<std::string> Duties::Describe(const policy::Policy& policy, const OpenDays& days,
                                          Time now) const {
  std::vector<std::string> lines;
  for (const Duty& duty : policy.duty) {
    bool pending = false, overdue = false;
    for (const auto& [key, day] : days.days()) {
      if (!Concerns(policy, duty, key.metric) || day.window.end > now) continue;
      pending = true;
      overdue = overdue || overdue_.contains({duty.id, key});
    }
    for (const auto& [key, question] : open_) {
      if (std::get<0>(key) != duty.id) continue;
      pending = true;
      overdue = overdue || question.missed;
    }
    const auto found = records_.find(duty.id);
    const Record record = found == records_.end() ? Record{} : found->second;
    const bool none = record.fulfilled + record.missed == 0;
    const std::string_view state = overdue              ? "violated"
                                   : pending            ? "pending"
                                   : none               ? "not-set"
                                   : record.last_missed ? "violated"
                                                        : "fulfilled";
    lines.push_back(Format("%s: %s", duty.id.value(), state));
    if (record.missed > 0) {
      lines.back() += Format(", missed %d, last %s", record.missed, FormatTime(record.last_miss));
    }
  }
  return lines;
}

uint64_t Duties::missed() const {
  uint64_t missed = 0;
  for (const auto& [duty, record] : records_) missed += record.missed;
  return missed;
}

}  // namespace gateway::pipeline
