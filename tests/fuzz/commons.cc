#include "tests/fuzz/commons.h"

#include <array>

#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/secret.h"
#include "gateway/crypto/x509.h"
#include "tests/fuzz/world.h"

namespace gateway::fuzz {
namespace {

constexpr std::string_view kCharterRest = R"(
roles:
  charter: {keys: [ana, bo, chi], threshold: 2}
  policy: {keys: [ana, bo, chi], threshold: 2, tighten: 1}
  roster: {keys: [ana, bo, chi], threshold: 2}
  enrolment: {keys: [ana, bo, chi], threshold: 1}
floors:
  k_min: 5
  age_min: PT1H
  top1_max_pct: 40
  zone_min: {household: neighbourhood, sensitive: city}
  keep_max: P800D
delays: {looser: P14D, incomparable: P14D, entrenched: P42D, charter: P28D}
objection: {quorum_pct: 10, threshold: 3, extra: P14D}
assembly: {quorum_pct: 50, notice: P60D}
entrenched: [f-coercive]
grace: P7D
)";

constexpr std::string_view kPolicy = R"(schema: commons-policy/1
commons: riverside
version: 1
prev: ""
issued: 2025-01-01T00:00:00Z
activates: 2025-01-02T00:00:00Z
expires: 2030-01-01T00:00:00Z
time_zone: Europe/London
zone_levels: [block, neighbourhood, city]
zones:
  - {id: riverside, level: city, homes: 900}
  - {id: mill-lane, level: neighbourhood, parent: riverside, homes: 40}
metrics:
  - {id: load, unit: Wh, kind: delta, resolution: "1", lo: 0, hi: 25000, interval: PT30M,
     lateness: PT6H, sensitivity: household, unit_of_privacy: household}
  - {id: heat, unit: kWh, kind: counter, resolution: "0.5", lo: 0, hi: 90000, interval: PT1H,
     lateness: PT6H, sensitivity: sensitive, unit_of_privacy: household}
  - {id: dust, unit: ug/m3, kind: gauge, resolution: "0.01", lo: 0, hi: 999, interval: PT150S,
     lateness: PT1H, sensitivity: open, unit_of_privacy: place, bucket_min: PT15M}
  - {id: bikes, unit: "1", kind: event, resolution: "1", lo: 0, hi: 100, interval: PT1M,
     lateness: PT1H, sensitivity: open, unit_of_privacy: place, bucket_min: PT15M}
purposes:
  - {id: stats, iri: "https://w3id.org/dpv#ProvideOfficialStatistics"}
  - {id: mobility, iri: "https://w3id.org/dpv#ImproveTransportMobility"}
  - {id: research, iri: "https://w3id.org/dpv#AcademicResearch"}
  - {id: police, iri: "https://w3id.org/dpv/sector/law#LawEnforcement", group: coercive}
collect:
  - {id: collect-load, metric: load, profile: generic, coarsen: {step: 10, every: PT30M}}
  - {id: collect-heat, metric: heat}
  - {id: collect-dust, metric: dust}
  - {id: collect-bikes, metric: bikes}
retain:
  - {id: keep-load, metric: load, tier: raw, keep: P30D, then: rollup}
  - {id: keep-load-days, metric: load, tier: rollup, bucket: P1D, keep: P730D, then: erase}
  - {id: keep-heat, metric: heat, tier: raw, keep: P30D, then: erase}
  - {id: keep-dust, metric: dust, tier: raw, keep: P30D, then: erase}
  - {id: keep-bikes, metric: bikes, tier: raw, keep: P30D, then: erase}
consent:
  - {id: ask-load, metric: load, mode: opt-in, household_rule: all-adults, reconfirm: P365D}
  - {id: ask-heat, metric: heat, mode: opt-out, household_rule: any-adult-objects, notice: P14D}
share:
  - {id: load-hourly, metric: load, stats: [count, sum, mean], bucket: PT1H, zone: neighbourhood,
     purpose: stats, to: [city-hall], age_min: P1D, k_min: 10, top1_max_pct: 30, top2_max_pct: 50,
     round_to: 100, redistribution: true,
     valid: {from: 2025-06-01T00:00:00Z, until: 2029-01-01T00:00:00Z}}
  - {id: dust-daily, metric: dust, stats: [count, mean], bucket: P1D, zone: neighbourhood,
     purpose: stats, to: [city-hall, public], age_min: PT1H}
  - {id: bikes-hourly, metric: bikes, stats: [sum], bucket: PT1H, zone: neighbourhood,
     purpose: mobility, to: [peers, members, city-hall], age_min: PT2H, min_count: 10}
forbid:
  - {id: f-coercive, purpose_group: [coercive], entrenched: true, reason: "statute 4.2"}
  - {id: f-live, metric: [load, heat], stats: [sum, mean], zone_below: city, bucket_below: PT30M,
     age_below: PT6H, to: [public, peers], purpose: [research], reason: "nobody watches a street"}
duty:
  - {id: d-answer, kind: answer, to: [city-hall], purpose: [stats], within: P3D}
  - {id: d-publish, kind: publish, rule: dust-daily, within: P2D}
)";

const crypto::Signer* NewSteward(char seed) {
  GW_CHECK(crypto::InitCrypto().ok());
  StatusOr<crypto::SecretKey> key = crypto::SecretKey::FromBytes(std::string(32, seed));
  GW_CHECK(key.ok());
  StatusOr<crypto::Signer> signer = crypto::Signer::FromSeed(*std::move(key));
  GW_CHECK(signer.ok());
  return new crypto::Signer(*std::move(signer));
}

std::string KeyText(const crypto::Signer& signer) {
  return "\"" + crypto::FormatPublicKey(signer.public_key()) + "\"";
}

std::string PinText(std::string_view of) {
  return "[\"" + crypto::FormatPin(crypto::Sha256(of)) + "\"]";
}

std::string MakeCharter() {
  return "schema: commons-charter/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
         "expires: 2030-01-01T00:00:00Z\nkeys:\n  ana: " + KeyText(Steward(0)) +
         "\n  bo: " + KeyText(Steward(1)) + "\n  chi: " + KeyText(Steward(2)) +
         std::string(kCharterRest);
}

std::string MakeRoster() {
  return "schema: commons-roster/1\ncommons: riverside\nversion: 1\nprev: \"\"\n"
         "issued: 2025-01-01T00:00:00Z\nexpires: 2030-01-01T00:00:00Z\ngateways:\n"
         "  - {id: gw-mill-lane, zone: mill-lane, address: \"192.0.2.7:7443\", tls: " +
         PinText("gateway") + ", sign: " + KeyText(LogSigner()) + ", log: \"ed25519:" +
         std::string(64, '5') + "\", peers: [gw-orchard]}\n" +
         "  - {id: gw-orchard, zone: mill-lane}\nparties:\n"
         "  - {id: city-hall, kind: municipality, tls: " + PinText("party") + ", request: [" +
         KeyText(PartySigner()) + "]}\n  - {id: university, kind: researcher}\n";
}

policy::Documents Parse() {
  StatusOr<policy::Documents> documents =
      policy::ParseStored({CharterText(), PolicyText(), RosterText()});
  GW_CHECK(documents.ok());
  return *std::move(documents);
}

}  // namespace

const crypto::Signer& Steward(std::size_t number) {
  static const std::array<const crypto::Signer*, 3> stewards = {NewSteward('a'), NewSteward('b'),
                                                                NewSteward('c')};
  return *stewards[number];
}

const std::string& CharterText() {
  static const auto* text = new std::string(MakeCharter());
  return *text;
}

const std::string& PolicyText() {
  static const auto* text = new std::string(kPolicy);
  return *text;
}

const std::string& RosterText() {
  static const auto* text = new std::string(MakeRoster());
  return *text;
}

const policy::Documents& Commons() {
  static const auto* documents = new policy::Documents(Parse());
  return *documents;
}

std::string SignedByStewards(std::string_view type, std::string payload) {
  crypto::Envelope envelope{std::string(type), std::move(payload), {}};
  crypto::SignEnvelope(envelope, Steward(0));
  crypto::SignEnvelope(envelope, Steward(1));
  return crypto::SerializeEnvelope(envelope);
}

}  // namespace gateway::fuzz
