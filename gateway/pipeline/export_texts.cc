// The texts of an export: household_export.h.
#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/crypto/sign.h"
#include "gateway/model/time.h"
#include "gateway/pipeline/household_export.h"
#include "gateway/policy/grant.h"
#include "gateway/proof/base64.h"

namespace gateway::pipeline {
namespace {

std::string JsonText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<uint8_t>(c) < 0x20) {
      out += Format("\\u%04x", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool IsPlainText(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= 0x20 && c <= 0x7e) || c == '\t' || c == '\r' || c == '\n'; });
}

std::string JsonList(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? ", " : "") + item;
  return out + "]";
}

std::string JsonTexts(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(JsonText(text));
  return JsonList(items);
}

using Fields = std::vector<std::pair<std::string_view, std::string>>;  // values are JSON

std::string JsonObject(const Fields& fields) {
  std::string out = "{";
  for (const auto& [name, value] : fields) {
    out += Format("%s%s: %s", out.size() > 1 ? ", " : "", JsonText(name), value);
  }
  return out + "}";
}

std::string JsonTime(Time time) { return JsonText(FormatTime(time)); }

// RFC 4180.
std::string CsvField(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

std::string GrantJson(const GrantRecord& record) {
  const policy::Grant& grant = record.grant;
  Fields fields = {{"id", JsonText(HexEncode(grant.id))},
                   {"state", JsonText(record.withdrawn_at.has_value() ? "withdrawn" : "given")},
                   {"resident", JsonText(crypto::FormatPublicKey(grant.grantor_pk))},
                   {"metrics", JsonTexts(grant.metrics)},
                   {"purposes", JsonTexts(grant.purposes)},
                   {"recipients", JsonTexts(grant.recipients)},
                   {"not_before", JsonTime(grant.not_before)},
                   {"not_after", JsonTime(grant.not_after)}};
  if (record.withdrawn_at.has_value()) {
    fields.emplace_back("withdrawn_at", JsonTime(*record.withdrawn_at));
  }
  return JsonObject(fields);
}

std::string ObjectionJson(const Objection& objection) {
  Fields fields = {{"at", JsonTime(objection.at)}};
  if (!objection.metric.empty()) fields.emplace_back("metric", JsonText(objection.metric));
  return JsonObject(fields);
}

std::string VoteJson(const VoteRecord& record) {
  return JsonObject({{"document", JsonText(policy::DocumentKindName(record.vote.kind))},
                     {"hash", JsonText(HexEncode(record.vote.document))},
                     {"choice", JsonText(policy::ChoiceName(record.vote.choice))},
                     {"resident", JsonText(crypto::FormatPublicKey(record.vote.voter_pk))},
                     {"at", JsonTime(record.vote.at)}});
}

std::string MetricJson(const HouseholdFacts& facts, const Metric& metric) {
  Fields fields = {{"id", JsonText(metric.id.value())},
                   {"unit", JsonText(metric.unit)},
                   {"resolution", JsonText(metric.resolution.ToString())}};
  for (const policy::RetainRule& rule : facts.retain) {
    if (rule.metric != metric.id) continue;
    const bool raw = rule.tier == policy::RetainTier::kRaw;
    fields.emplace_back(raw ? "keep_raw" : "keep_rollup", JsonText(FormatDuration(rule.keep)));
  }
  return JsonObject(fields);
}

std::string GapJson(const ExportGap& gap, uint32_t rows) {
  Fields fields = {{"tier", JsonText(gap.tier)}};
  if (!gap.device.empty()) fields.emplace_back("device", JsonText(gap.device));
  if (!gap.metric.empty()) fields.emplace_back("metric", JsonText(gap.metric));
  fields.emplace_back("start", JsonTime(gap.start));
  fields.emplace_back("end", JsonTime(gap.end));
  if (!gap.arrived.empty()) fields.emplace_back("arrived", JsonText(gap.arrived));
  fields.emplace_back("rows", std::to_string(rows));
  return JsonObject(fields);
}

StatusOr<std::string> AcceptanceJson(const std::string& envelope) {
  ASSIGN_OR_RETURN(const policy::Acceptance acceptance, policy::ReadAcceptance(envelope));
  return JsonObject({{"hash", JsonText(HexEncode(acceptance.hash))},
                     {"resident", JsonText(crypto::FormatPublicKey(acceptance.resident_pk))},
                     {"at", JsonTime(acceptance.at)}});
}

}  // namespace

std::string ExportReadme(const HouseholdFacts& facts) {
  return Format(
      "What the gateway \"%s\" of the commons \"%s\" has stored of your household \"%s\",\n"
      "as of %s. It was sealed to the keys of the household's residents before it left the\n"
      "gateway; keep this opened copy as safe as you keep those keys.\n"
      "\n"
      "household.json         zone, adults, devices, acceptances, metrics, and every grant you gave:\n"
      "                       for what, to whom, from when until when, withdrawn or not\n"
      "damaged.txt            only if something stored could not be read: what it is about, as far as\n"
      "                       is known. household.json has the same under \"damaged\"\n"
      "readings-YYYY-MM.csv   readings whose time lies in that month (UTC); a month that is long\n"
      "readings-YYYY-MM.json  goes on in readings-YYYY-MM.2.csv and so on. Both have the same rows.\n"
      "rollups-YYYY-MM.csv    what is kept of readings that grew too old, likewise\n"
      "rollups-YYYY-MM.json\n"
      "quarantine.json        messages of your devices that were refused for what they say, as they\n"
      "                       came: kept for a week at most, so that they can be tried again. There\n"
      "                       is no such file if there are none.\n"
      "schema.json            what each field means\n"
      "\n"
      "Rows of tier \"raw\" are readings as they were stored; rows of tier \"rollup\" are what is kept\n"
      "of older ones, one per metric and bucket of the whole household. Rows are ordered by time only\n"
      "within stretches: sort them if you need an order. Values are exact decimals in the given unit.\n"
      "A month without a file has no stored readings: none came, or their time was up.\n"
      "\n"
      "Not in here: cells. They are aggregates over many households, belong to nobody's home, and are\n"
      "shown by `commons cell list`.\n",
      facts.gateway.value(), facts.commons, facts.household.id.value(), FormatTime(facts.now));
}

std::string ExportSchema() {
  return R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "commons-household-export/1",
  "description": "household.json is a household; each readings-*.json and rollups-*.json is an array of readings, quarantine.json one of refused messages. The columns of the CSV files are the properties of a reading, in this order; what does not apply is empty there and absent in JSON.",
  "$defs": {
    "time": {"type": "string", "format": "date-time", "description": "RFC 3339, UTC"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "reading": {
      "type": "object",
      "required": ["tier", "metric", "unit", "time", "value"],
      "additionalProperties": false,
      "properties": {
        "tier": {"enum": ["raw", "rollup"], "description": "a reading as it was stored, or what is kept of several"},
        "device": {"type": "string", "description": "as in its topic; absent of a rollup, which is the household's"},
        "metric": {"type": "string", "description": "as the policy names it; empty if the policy has dropped it"},
        "unit": {"type": "string", "description": "of the value; \"steps\" if the policy has dropped the metric"},
        "time": {"$ref": "#/$defs/time", "description": "of a rollup: the start of its bucket"},
        "bucket": {"type": "string", "description": "ISO 8601 length of a rollup's bucket, by the rule in force"},
        "value": {"type": "string", "pattern": "^-?[0-9]+([.][0-9]+)?$", "description": "exact decimal in the unit; of a rollup a sum or a mean, as the metric's kind says"},
        "quality": {"type": "string", "description": "words with spaces between. arrival-time: stamped by the gateway, not by the device; waited: and the broker may have kept it for long; clock-unsound: and the gateway did not know the time; local-time: the device did not say its offset from UTC"},
        "readings": {"type": "integer", "minimum": 1, "description": "how many readings a rollup was made of"}
      }
    },
    "refused": {
      "type": "object",
      "required": ["arrived_at", "device", "topic", "reason", "payload_bytes"],
      "additionalProperties": false,
      "properties": {
        "arrived_at": {"$ref": "#/$defs/time"},
        "device": {"type": "string"},
        "topic": {"type": "string", "description": "of the MQTT message"},
        "reason": {"type": "string", "description": "why nothing of it, or not all, could be stored as a reading"},
        "payload_bytes": {"type": "integer", "description": "its length; of a longer one than 4096 bytes only the head is kept"},
        "payload": {"type": "string", "description": "if it is ASCII text, else"},
        "payload_base64": {"type": "string", "contentEncoding": "base64"}
      }
    },
    "household": {
      "type": "object",
      "required": ["format", "commons", "gateway", "exported_at", "household", "subject", "zone", "adults", "acceptances", "devices", "metrics", "grants"],
      "properties": {
        "format": {"const": "commons-household-export/1"},
        "commons": {"type": "string"},
        "gateway": {"type": "string"},
        "replay": {"type": "boolean", "description": "recorded data: times are not those of this year"},
        "exported_at": {"$ref": "#/$defs/time"},
        "household": {"type": "string", "description": "the operator's label"},
        "subject": {"type": "string", "description": "what the household is called in what its residents sign"},
        "zone": {"type": "string"},
        "adults": {"type": "integer"},
        "confirmed_at": {"$ref": "#/$defs/time"},
        "damaged": {"type": "array", "description": "what is stored but could not be read, and is not in the other files", "items": {"type": "object", "required": ["tier", "start", "end", "rows"], "properties": {"tier": {"enum": ["raw", "rollup"]}, "device": {"type": "string"}, "metric": {"type": "string", "description": "absent: any of the device's"}, "start": {"$ref": "#/$defs/time"}, "end": {"$ref": "#/$defs/time", "description": "the readings lie between"}, "arrived": {"type": "string", "description": "UTC month in which they came"}, "rows": {"type": "integer", "description": "damaged rows of the store; each may hold many readings"}}}},
        "acceptances": {"type": "array", "items": {"type": "object", "properties": {"hash": {"type": "string"}, "resident": {"type": "string"}, "at": {"$ref": "#/$defs/time"}}}},
        "devices": {"$ref": "#/$defs/texts"},
        "metrics": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}, "unit": {"type": "string"}, "resolution": {"type": "string"}, "keep_raw": {"type": "string"}, "keep_rollup": {"type": "string"}}}},
        "grants": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}, "state": {"enum": ["given", "withdrawn"]}, "resident": {"type": "string"}, "metrics": {"$ref": "#/$defs/texts"}, "purposes": {"$ref": "#/$defs/texts"}, "recipients": {"$ref": "#/$defs/texts"}, "not_before": {"$ref": "#/$defs/time"}, "not_after": {"$ref": "#/$defs/time"}, "withdrawn_at": {"$ref": "#/$defs/time"}}}},
        "objections": {"type": "array", "items": {"type": "object", "properties": {"at": {"$ref": "#/$defs/time"}, "metric": {"type": "string", "description": "absent: to everything"}}}},
        "votes": {"type": "array", "description": "on changes of the rules that are under way", "items": {"type": "object", "properties": {"document": {"type": "string"}, "hash": {"type": "string"}, "choice": {"enum": ["object", "approve"]}, "resident": {"type": "string"}, "at": {"$ref": "#/$defs/time"}}}}
      }
    }
  },
  "oneOf": [{"$ref": "#/$defs/household"}, {"type": "array", "items": {"$ref": "#/$defs/reading"}}, {"type": "array", "items": {"$ref": "#/$defs/refused"}}]
}
)";
}

StatusOr<std::string> ExportHouseholdJson(const HouseholdFacts& facts,
                                         const std::map<ExportGap, uint32_t>& gaps) {
  const Household& household = facts.household;
  std::vector<std::string> acceptances, grants, objections, metrics, devices;
  for (const std::string& envelope : household.acceptances) {
    ASSIGN_OR_RETURN(std::string acceptance, AcceptanceJson(envelope));
    acceptances.push_back(std::move(acceptance));
  }
  for (const GrantRecord& record : household.grants) grants.push_back(GrantJson(record));
  for (const Objection& each : household.objections) objections.push_back(ObjectionJson(each));
  for (const Metric& metric : facts.metrics) metrics.push_back(MetricJson(facts, metric));
  for (const port::EnrolledDevice& enrolled : household.devices) {
    devices.push_back(enrolled.device.value());
  }
  Fields fields = {{"format", JsonText(kExportFormat)},
                   {"commons", JsonText(facts.commons)},
                   {"gateway", JsonText(facts.gateway.value())},
                   {"replay", facts.replay ? "true" : "false"},
                   {"exported_at", JsonTime(facts.now)},
                   {"household", JsonText(household.id.value())},
                   {"subject", JsonText(HexEncode(household.subject.view()))},
                   {"zone", JsonText(household.zone.value())},
                   {"adults", std::to_string(household.adults)},
                   {"acceptances", JsonList(acceptances)},
                   {"devices", JsonTexts(devices)},
                   {"metrics", JsonList(metrics)},
                   {"grants", JsonList(grants)},
                   {"objections", JsonList(objections)}};
  if (!household.votes.empty()) {
    std::vector<std::string> votes;
    for (const VoteRecord& record : household.votes) votes.push_back(VoteJson(record));
    fields.emplace_back("votes", JsonList(votes));
  }
  if (household.confirmed_at.has_value()) {
    fields.emplace_back("confirmed_at", JsonTime(*household.confirmed_at));
  }
  if (!gaps.empty()) {
    std::vector<std::string> damaged;
    for (const auto& [gap, rows] : gaps) damaged.push_back(GapJson(gap, rows));
    fields.emplace_back("damaged", JsonList(damaged));
  }
  return JsonObject(fields) + "\n";
}

std::string ExportDamagedText(const std::map<ExportGap, uint32_t>& gaps) {
  std::string text =
      "The gateway has more of you than is in this archive: what follows is damaged on its disk and\n"
      "could not be read. Ask its operator for an export from a backup.\n\n";
  for (const auto& [gap, rows] : gaps) {
    text += gap.tier == "raw"
                ? Format("Readings of device \"%s\", any of its metrics, with times from %s to %s, "
                         "which came in %s: %d rows\n",
                         gap.device, FormatTime(gap.start), FormatTime(gap.end), gap.arrived, rows)
                : Format("Rollups of metric \"%s\" from %s to %s\n", gap.metric,
                         FormatTime(gap.start), FormatTime(gap.end));
  }
  return text;
}

std::string ExportQuarantineJson(const std::vector<store::QuarantinedMessage>& messages) {
  std::string out = "[\n";
  for (const store::QuarantinedMessage& message : messages) {
    Fields fields = {{"arrived_at", JsonTime(message.arrival)},
                     {"device", JsonText(message.device.value())},
                     {"topic", JsonText(message.topic)},
                     {"reason", JsonText(message.reason)},
                     {"payload_bytes", std::to_string(message.payload_bytes)}};
    if (IsPlainText(message.payload)) {
      fields.emplace_back("payload", JsonText(message.payload));
    } else {
      fields.emplace_back("payload_base64", JsonText(proof::Base64Encode(message.payload)));
    }
    out += (out.size() > 2 ? ",\n" : "") + JsonObject(fields);
  }
  return out + "\n]\n";
}

std::string_view ExportCsvHeader() {
  return "tier,device,metric,unit,time,bucket,value,quality,readings\r\n";
}

void AppendCsv(const ExportedReading& reading, std::string& out) {
  out += Format("%s,%s,%s,%s,%s,%s,%s,%s,", reading.tier, CsvField(reading.device),
                CsvField(reading.metric), CsvField(reading.unit), FormatTime(reading.time),
                reading.bucket, reading.value, reading.quality);
  if (reading.tier == "rollup") out += std::to_string(reading.readings);
  out += "\r\n";
}

void AppendJson(const ExportedReading& reading, std::string& out) {
  Fields fields = {{"tier", JsonText(reading.tier)}};
  if (!reading.device.empty()) fields.emplace_back("device", JsonText(reading.device));
  fields.emplace_back("metric", JsonText(reading.metric));
  fields.emplace_back("unit", JsonText(reading.unit));
  fields.emplace_back("time", JsonTime(reading.time));
  if (!reading.bucket.empty()) fields.emplace_back("bucket", JsonText(reading.bucket));
  fields.emplace_back("value", JsonText(reading.value));
  if (!reading.quality.empty()) fields.emplace_back("quality", JsonText(reading.quality));
  if (reading.tier == "rollup") fields.emplace_back("readings", std::to_string(reading.readings));
  out += JsonObject(fields);
}

}  // namespace gateway::pipeline
