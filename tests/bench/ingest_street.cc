#include "tests/bench/ingest_street.h"

#include <cstdio>

#include "gateway/base/check.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/time.h"
#include "gateway/policy/grant.h"

namespace gateway::bench {
namespace {

constexpr int kDevicesPerHousehold = 2;
constexpr int kMetrics = 20;  // of a device
constexpr int kSeriesPerHousehold = kMetrics * kDevicesPerHousehold;
constexpr std::size_t kJsonBytes = 120;
constexpr int kValues = 1'000;  // different ones: 0.0 to 99.9

void Must(const Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(::gateway::Message(status)).c_str());
  }
  GW_CHECK(status.ok());
}

std::string DeviceOf(int series) { return "meter-" + std::to_string(series / kMetrics); }

std::string MetricOf(int series) { return "power-" + std::to_string(series % kMetrics); }

std::string HouseholdOf(int number) { return "flat-" + std::to_string(number); }

std::string Metric(const std::string& id) {
  return Format("  - {id: %s, unit: W, kind: gauge, resolution: \"0.1\", lo: 0, hi: 25000, "
                "interval: PT10S, lateness: PT6H, sensitivity: household, "
                "unit_of_privacy: household}\n", id);
}

}  // namespace

std::string StreetPolicy(const std::string& profile, int metrics) {
  std::string yaml =
      "schema: commons-policy/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nactivates: 2012-01-01T00:00:00Z\n"
      "expires: 2100-01-01T00:00:00Z\ntime_zone: Europe/London\n"
      "zone_levels: [point, building, block, neighbourhood, district, city]\n"
      "zones:\n  - {id: town, level: city, homes: 5000}\n"
      "  - {id: north, level: neighbourhood, parent: town, homes: 2000}\nmetrics:\n";
  std::string collect = "collect:\n", retain = "retain:\n", consent = "consent:\n";
  std::string share = "share:\n";
  for (int i = 0; i < metrics; ++i) {
    const std::string id = MetricOf(i);
    yaml += Metric(id);
    collect += Format("  - {id: c-%s, metric: %s, profile: %s}\n", id, id, profile);
    retain += Format("  - {id: r-%s, metric: %s, tier: raw, keep: P30D, then: erase}\n", id, id);
    consent += Format("  - {id: consent-%s, metric: %s, mode: opt-in, "
                      "household_rule: all-adults}\n", id, id);
    share += Format("  - {id: %s-hourly, bucket: PT1H, metric: %s, stats: [count, mean], "
                    "zone: neighbourhood, purpose: official-stats, to: [city-hall], age_min: P1D, "
                    "top1_max_pct: 40, k_min: 3}\n", id, id);
  }
  yaml += "purposes:\n  - {id: official-stats, iri: "
          "\"https://w3id.org/dpv#ProvideOfficialStatistics\"}\n";
  return yaml + collect + retain + consent + share + "forbid: []\n";
}

namespace {

std::string GrantOf(const pipeline::Member& member) {
  std::vector<std::string> metrics;
  for (int i = 0; i < kMetrics; ++i) metrics.push_back(MetricOf(i));
  const policy::Grant grant{.id = {},
                            .commons = member.invite.commons,
                            .grantor_pk = member.key.public_key(),
                            .subject = SubjectId::FromBytes(member.invite.subject),
                            .metrics = std::move(metrics),
                            .purposes = {"https://w3id.org/dpv#ProvideOfficialStatistics"},
                            .recipients = {"city-hall"},
                            .not_before = pipeline::At("2012-01-01T00:00:00Z"),
                            .not_after = pipeline::At("2100-01-01T00:00:00Z"),
                            .seq = 1,
                            .prev = {}};
  auto payload = policy::BuildGrant(grant, crypto::RandomBytes(16));
  GW_CHECK(payload.ok());
  crypto::Envelope envelope{.payload_type = std::string(crypto::kGrantType),
                            .payload = *std::move(payload),
                            .signatures = {}};
  crypto::SignEnvelope(envelope, member.key);
  return crypto::SerializeEnvelope(envelope);
}

}  // namespace

std::string_view NameOf(Payload payload) {
  switch (payload) {
    case Payload::kNumber: return "number";
    case Payload::kJson: return "json";
    case Payload::kSenml: return "senml";
  }
  return "";
}

Street::Street(int series, Payload payload)
    : series_(series),
      payload_(payload),
      start_(std::chrono::floor<std::chrono::seconds>(RealClock().SystemNow()) -
             std::chrono::hours(24)),
      commons_(pipeline::Commons::WithoutRules{.live = true}) {
  GW_CHECK(series_ % kSeriesPerHousehold == 0);
  commons_.clock().Set(start_);
  Activate();
  Enrol();
  commons_.Close();
}

std::string Street::Profile() const { return payload_ == Payload::kSenml ? "senml" : "generic"; }

void Street::Activate() {
  const Status active = commons_.Activate({{crypto::kCharterType, commons_.CharterYaml()},
                                           {crypto::kPolicyType, StreetPolicy(Profile(), kMetrics)},
                                           {crypto::kRosterType, std::string(kStreetRoster)}});
  Must(active);
}

void Street::Enrol() {
  for (int home = 0; home < series_ / kSeriesPerHousehold; ++home) {
    const std::string household = HouseholdOf(home);
    auto invite = commons_.gateway().AddHousehold(household, "north", 1);
    auto key = crypto::Signer::Generate();
    GW_CHECK(invite.ok() && key.ok());
    for (int i = 0; i < kDevicesPerHousehold; ++i) {
      const std::string device = DeviceOf(home * kSeriesPerHousehold + kMetrics * i);
      GW_CHECK(commons_.gateway()
                   .EnrolDevice({.device = device, .household = household, .profile = Profile()})
                   .ok());
    }
    const pipeline::Member member{.household = household,
                                  .device = {},
                                  .key = *std::move(key),
                                  .invite = *std::move(invite),
                                  .grants = 0,
                                  .last_grant = {}};
    commons_.Confirm(member);
    GW_CHECK(commons_.gateway().ImportGrant(GrantOf(member)).ok());
  }
}

Message Street::MessageOf(int number) const {
  const int series = number % series_;
  const std::string device = DeviceOf(series);
  const std::string metric = MetricOf(series);
  const Time at = start_ + (number / series_) * std::chrono::seconds(10);
  const int value = number % kValues;
  const std::string text = Format("%d.%d", value / 10, value % 10);
  if (payload_ == Payload::kSenml) {
    return {"senml/" + device,
            Format(R"([{"bn":"urn:dev:ow:%s:","bt":%d,"n":"%s","u":"W","v":%s}])", device,
                   std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count(),
                   metric, text)};
  }
  const std::string topic = "sensors/" + device + "/" + metric;
  if (payload_ == Payload::kNumber) return {topic, text};
  std::string payload = Format(R"({"value": %s, "unit": "W", "time": "%s", "pad": ")", text,
                               FormatTime(at));
  payload.append(kJsonBytes - payload.size() - 2, 'x');
  return {topic, payload + "\"}"};
}

std::vector<Message> Street::Messages(int count) const {
  std::vector<Message> messages;
  for (int i = 0; i < count; ++i) messages.push_back(MessageOf(i));
  return messages;
}

int64_t Street::SumOf(int count) const {
  int64_t sum = 0;
  for (int i = 0; i < count; ++i) sum += i % kValues;
  return sum;
}

Gateway::Gateway(const Street& street) : dir_(street.root() / "copy"), master_(street.master()) {
  std::filesystem::remove_all(dir_);
  std::filesystem::copy(street.root() / "db", dir_, std::filesystem::copy_options::recursive);
  Open();
}

Gateway::~Gateway() {
  pipeline_.reset();
  std::filesystem::remove_all(dir_);
}

crypto::SecretKey Gateway::Master() const {
  auto master = crypto::SecretKey::FromBytes(master_);
  GW_CHECK(master.ok());
  return *std::move(master);
}

void Gateway::Open() {
  auto opened = pipeline::Pipeline::Open({.dir = dir_.string(),
                                          .master = Master(),
                                          .gateway = GatewayId("gw-a"),
                                          .clock = &clock_});
  Must(opened.status());
  pipeline_ = *std::move(opened);
}

std::pair<int, int64_t> Gateway::ReadBack() {
  GW_CHECK(pipeline_->Close().ok());
  pipeline_.reset();
  Open();  // what the journal still held is folded here
  GW_CHECK(pipeline_->Close().ok());
  pipeline_.reset();
  auto database = store::Database::Open(dir_.string());
  GW_CHECK(database.ok());
  auto vault = store::Vault::Open(**database, Master());
  GW_CHECK(vault.ok());
  const pipeline::BlockLog blocks(**database, **vault);
  const uint32_t month = MonthOf(clock_.SystemNow());
  std::pair<int, int64_t> found{0, 0};
  for (uint32_t at = month - 1; at <= month; ++at) {
    const auto damaged = blocks.VisitMonth(
        at, [&](OwnerKind, const OwnerId&, const SeriesId&, const std::vector<Reading>& list) {
          for (const Reading& reading : list) {
            ++found.first;
            found.second += reading.value;
          }
        });
    GW_CHECK(damaged.ok() && *damaged == 0);
  }
  return found;
}

}  // namespace gateway::bench
