#include "tests/unit/pipeline/commons_fixture.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/file.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/crypto/keyslots.h"
#include "gateway/policy/grant.h"

namespace gateway::pipeline {
namespace {

template <typename T>
T Must(StatusOr<T> value) {
  if (!value.ok()) {
    ADD_FAILURE() << Message(value.status());
    abort();
  }
  return *std::move(value);
}

void Must(const Status& status) { ASSERT_TRUE(status.ok()) << Message(status); }

std::string Envelope(std::string_view type, std::string payload, const crypto::Signer& signer) {
  crypto::Envelope envelope{
      .payload_type = std::string(type), .payload = std::move(payload), .signatures = {}};
  crypto::SignEnvelope(envelope, signer);
  return crypto::SerializeEnvelope(envelope);
}

policy::Invite InviteOf(const Member& member) {
  return {.commons = member.invite.commons,
          .gateway = GatewayId(member.invite.gateway),
          .subject = SubjectId::FromBytes(member.invite.subject),
          .nonce = member.invite.nonce};
}

std::map<std::string, uintmax_t> Files(const std::filesystem::path& dir) {
  std::map<std::string, uintmax_t> files;
  std::error_code vanished;
  for (const auto& entry : std::filesystem::directory_iterator(dir, vanished)) {
    files[entry.path().filename()] = entry.file_size(vanished);
  }
  return files;
}

crypto::Signer NewSigner() {
  Must(crypto::InitCrypto());
  return Must(crypto::Signer::Generate());
}

}  // namespace

Time At(std::string_view text) { return Must(ParseTime(text)); }

Commons::Commons(const WithoutRules& without)
    : gateway_(without.gateway),
      live_(without.live),
      clock_(At("2013-01-13T00:00:00Z")),
      steward_(NewSigner()),
      master_(crypto::RandomBytes(32)) {
  MakeFolder();
  Open();
}

void Commons::MakeFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "commons-XXXXXX").string();
  GW_CHECK(mkdtemp(name.data()) != nullptr);
  root_ = name;
  dir_ = root_ / "db";
  WriteKeyslots();
}

Commons::Commons(std::string_view start, uint32_t k_min)
    : gateway_("gw-a"), clock_(At(start)), steward_(NewSigner()), master_(crypto::RandomBytes(32)) {
  MakeFolder();
  Open();
  const std::string roster =
      "schema: commons-roster/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
      "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
      "gateways: [{id: gw-a, zone: north}]\nparties: [{id: city-hall, kind: municipality}, {id: institute, kind: researcher}]\n";
  Must(Activate({{crypto::kCharterType, CharterYaml()},
                 {crypto::kPolicyType, PolicyYaml(k_min)},
                 {crypto::kRosterType, roster}}));
}

Commons::~Commons() {
  pipeline_.reset();
  std::filesystem::remove_all(root_);
}

std::string Commons::CharterYaml() const {
  return "schema: commons-charter/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
         "expires: 2100-01-01T00:00:00Z\nkeys: {ana: \"" +
         crypto::FormatPublicKey(steward_.public_key()) +
         "\"}\nroles:\n  charter: {keys: [ana], threshold: 1}\n"
         "  policy: {keys: [ana], threshold: 1}\n"
         "  roster: {keys: [ana], threshold: 1}\n  enrolment: {keys: [ana], threshold: 1}\n"
         "floors: {k_min: 3, age_min: PT1H, top1_max_pct: 40}\n"
         "delays: {looser: PT0S, incomparable: PT0S, entrenched: PT0S, charter: PT0S}\n";
}

std::string Commons::PolicyYaml(uint32_t k_min, uint64_t version, const std::string& prev,
                                const std::string& recipients) const {
  const std::string share =
      ", metric: load, stats: [count, sum, mean], zone: neighbourhood, purpose: official-stats, "
      "to: [" +
      recipients +
      "], age_min: P1D, top1_max_pct: 40, k_min: " +
      std::to_string(k_min);
  return "schema: commons-policy/1\ncommons: testville\nversion: " + std::to_string(version) +
         "\nprev: \"" + prev +
         "\"\nissued: 2012-01-01T00:00:00Z\nactivates: 2012-01-01T00:00:00Z\n"
         "expires: 2100-01-01T00:00:00Z\ntime_zone: Europe/London\n"
         "zone_levels: [point, building, block, neighbourhood, district, city]\n"
         "zones:\n  - {id: town, level: city, homes: 50}\n"
         "  - {id: north, level: neighbourhood, parent: town, homes: 20}\n"
         "metrics:\n  - {id: load, unit: Wh, kind: delta, resolution: \"1\", lo: 0, hi: 25000, "
         "interval: PT30M, lateness: PT6H, sensitivity: household, unit_of_privacy: household}\n"
         "purposes:\n  - {id: official-stats, iri: "
         "\"https://w3id.org/dpv#ProvideOfficialStatistics\"}\n"
         "collect:\n  - {id: c-load, metric: load, profile: generic}\n"
         "retain:\n  - {id: r-load, metric: load, tier: raw, keep: P30D, then: erase}\n"
         "consent:\n  - {id: consent-load, metric: load, mode: opt-in, household_rule: all-adults}\n"
         "share:\n  - {id: load-hourly, bucket: PT1H" +
         share + "}\n  - {id: load-daily, bucket: P1D" + share + "}\nforbid: []\n";
}

std::string Commons::Sign(std::string_view type, const std::string& payload) const {
  return Envelope(type, payload, steward_);
}

Status Commons::Activate(
    const std::vector<std::pair<std::string_view, std::string>>& documents) {
  std::vector<std::string> envelopes;
  for (const auto& [type, yaml] : documents) envelopes.push_back(Envelope(type, yaml, steward_));
  return pipeline_->ActivateDocuments(envelopes).status();
}

crypto::SecretKey Commons::slot_secret() const {
  return Must(crypto::SecretKey::FromBytes(crypto::Blake2b256(master_)));
}

void Commons::WriteKeyslots() {
  crypto::Keyslot slot;
  slot.public_key = crypto::SlotPublicKey(slot_secret());
  const crypto::MasterKey master{Must(crypto::SecretKey::FromBytes(master_))};
  Must(WriteFile(keyslots(),
                 crypto::SerializeKeyslots(Must(crypto::SealKeyslots({slot}, {&master}))),
                 FileMode::kPrivate, IfExists::kRefuse));
}

PipelineOptions Commons::Options() {
  const auto file = Must(crypto::ParseKeyslots(
      Must(ReadFile(keyslots(), crypto::kKeyslotsBytesMax))));
  return {.dir = dir_.string(),
          .master = Must(crypto::OpenMasters(file, slot_secret())),
          .keyslots = keyslots(),
          .gateway = GatewayId(gateway_),
          .clock = &clock_,
          .replay = live_ ? nullptr : &clock_,
          .sync = {.interval = std::chrono::milliseconds(env_ == nullptr ? 1000 : 2)},
          .facts = {.traits = nullptr, .read_own = read_own_},
          .own_filters_max = own_filters_max_,
          .broker_logins = broker_logins_,
          .env = env_};
}

void Commons::Open() { pipeline_ = Must(Pipeline::Open(Options())); }

void Commons::Close() {
  Must(pipeline_->Close());
  pipeline_.reset();
}

Status Commons::TryOpen(const std::filesystem::path& dir) {
  pipeline_.reset();
  dir_ = dir;
  ASSIGN_OR_RETURN(pipeline_, Pipeline::Open(Options()));
  return OkStatus();
}

void Commons::RestartOn(rocksdb::Env* env) {
  env_ = env;
  Restart();
}

void Commons::UseBrokerLogins() {
  broker_logins_ = true;
  Restart();
}

namespace {

struct Lines final : port::OwnProfile {
  explicit Lines(std::size_t n) : count(n) {}
  std::size_t filters() const override { return count; }
  const std::size_t count;
};

}  // namespace

void Commons::ReadOwnProfiles(std::size_t filters_max) {
  read_own_ = [](const std::string& text) {
    return std::make_shared<const Lines>(std::count(text.begin(), text.end(), '\n'));
  };
  own_filters_max_ = filters_max;
  Restart();
}

void Commons::Restart() {
  Must(pipeline_->Close());
  pipeline_.reset();
  Open();
}

std::string AllBytes(const std::filesystem::path& dir) {
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), {});
  }
  return bytes;
}

void CopyOfOneMoment(const std::filesystem::path& from, const std::filesystem::path& to) {
  // RocksDB may be tidying up in the background.
  for (std::map<std::string, uintmax_t> before = Files(from), after; before != after;) {
    before = Files(from);
    std::filesystem::remove_all(to);
    std::error_code vanished;
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive, vanished);
    after = Files(from);
    if (vanished) after.clear();
  }
  std::filesystem::remove(to / "LOCK");
}

void Commons::Crash(const std::function<void(const std::filesystem::path&)>& damage) {
  const std::filesystem::path copy = root_ / ("db-" + std::to_string(++crashes_));
  CopyOfOneMoment(dir_, copy);
  pipeline_.reset();
  if (damage) damage(copy);
  dir_ = copy;
  Open();
}

Member Commons::Invite(const std::string& household) {
  Member member{.household = household,
                .device = "meter-" + household,
                .key = NewSigner(),
                .invite = Must(pipeline_->AddHousehold(household, "north", 1)),
                .grants = 0,
                .last_grant = {}};
  Must(pipeline_->EnrolDevice({.device = member.device, .household = household}).status());
  return member;
}

void Commons::Confirm(const Member& member, std::string_view policy_seen) {
  const policy::Invite invite = InviteOf(member);
  const std::string payload =
      policy::BuildAcceptance(invite, member.key.public_key(), clock_.SystemNow(), policy_seen);
  const std::string acceptance = Envelope(crypto::kAcceptanceType, payload, member.key);
  const std::vector<std::string> hashes = {crypto::Blake2b256(payload)};
  Must(pipeline_->ConfirmHousehold(
      member.household, {acceptance},
      Envelope(crypto::kConfirmationType,
               policy::BuildConfirmation(invite, hashes, clock_.SystemNow()), steward_)));
}

StatusOr<std::string> Commons::TryGrant(Member& member, const GrantTimes& times) {
  const policy::Grant grant{.id = {},
                            .commons = member.invite.commons,
                            .grantor_pk = member.key.public_key(),
                            .subject = SubjectId::FromBytes(member.invite.subject),
                            .metrics = {"load"},
                            .purposes = {"https://w3id.org/dpv#ProvideOfficialStatistics"},
                            .recipients = {"city-hall"},
                            .not_before = At(times.from),
                            .not_after = At(times.until),
                            .seq = ++member.grants,
                            .prev = member.last_grant};
  const std::string payload = Must(policy::BuildGrant(grant, crypto::RandomBytes(16)));
  last_envelope_ = Envelope(crypto::kGrantType, payload, member.key);
  return pipeline_->ImportGrant(last_envelope_);
}

std::string Commons::Grant(Member& member, const GrantTimes& times) {
  member.last_grant = Must(TryGrant(member, times));
  return member.last_grant;
}

Member Commons::Join(const std::string& household) {
  Member member = Invite(household);
  Confirm(member);
  Grant(member);
  return member;
}

port::DoorCode Commons::Send(const Member& member, std::string_view time, int64_t wh,
                             bool redelivered) {
  const auto table = pipeline_->admissions();
  const port::Admission& admission = table->Find("generic", member.device, "load");
  pipeline_->Received(1);
  if (admission.code != port::DoorCode::kAdmitted) {
    pipeline_->Refused(admission.code);
    return admission.code;
  }
  const std::string payload = std::to_string(wh) + "@" + std::string(time);
  const port::Admitted admitted{&admission, {.time = At(time), .value = wh}};
  Must(pipeline_->Append(
      {.topic = member.device, .payload = payload, .retained = false, .redelivered = redelivered},
      {&admitted, 1}, false));
  return admission.code;
}

Status Commons::TrySend(const Member& member, std::string_view time, int64_t wh,
                        Delivery delivery) {
  const auto table = pipeline_->admissions();
  const port::Admission& admission = table->Find("generic", member.device, "load");
  if (admission.code != port::DoorCode::kAdmitted) return Internal("not admitted");
  if (delivery != Delivery::kAgain) pipeline_->Received(1);
  const std::string payload = std::to_string(wh) + "@" + std::string(time);
  const port::Admitted admitted{&admission, {.time = At(time), .value = wh}};
  return pipeline_->Append({.topic = member.device,
                            .payload = payload,
                            .retained = false,
                            .redelivered = delivery == Delivery::kRedelivered},
                           {&admitted, 1}, false);
}

void Commons::SendDay(const Member& member, std::string_view day, int64_t wh) {
  for (int i = 0; i < 48; ++i) {
    Send(member, FormatTime(At(day) + i * std::chrono::minutes(30)), wh);
  }
}

std::vector<port::DecidedCell> Commons::Cells(const port::CellFilter& filter) {
  std::vector<port::DecidedCell> cells;
  Must(pipeline_->VisitCells(filter, [&](const port::DecidedCell& cell) {
    cells.push_back(cell);
    return true;
  }));
  return cells;
}

std::map<std::string, uint64_t> Commons::Counts() {
  (void)Must(pipeline_->PendingCells({}));  // folds everything
  const port::GatewayStatus status = Must(pipeline_->GetStatus());
  std::map<std::string, uint64_t> counts;
  uint64_t total = status.waiting;
  for (const port::DoorCount& count : status.counts) {
    counts[count.reason] = count.observations;
    total += count.observations;
  }
  EXPECT_EQ(status.received, total);
  counts["received"] = status.received;
  counts["waiting"] = status.waiting;
  counts["late"] = status.late;
  return counts;
}

}  // namespace gateway::pipeline
