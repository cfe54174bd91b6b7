// A board without a battery: it boots in 1970, hears, and hours later learns what time it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "gateway/crypto/dsse.h"
#include "gateway/pipeline/block_log.h"
#include "gateway/policy/grant.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Both of its times are what the test says.
class BoardClock final : public Clock {
 public:
  explicit BoardClock(Time now) : now_(now) {}
  void Set(Time now, bool synchronised) {
    now_ = now;
    synchronised_ = synchronised;
  }
  // As time does: both clocks.
  void Advance(Millis by) {
    now_ = now_.load() + by;
    steady_ms_ += by.count();
  }
  Time SystemNow() const override { return now_; }
  std::chrono::steady_clock::time_point SteadyNow() const override {
    return std::chrono::steady_clock::time_point(Millis(steady_ms_.load()));
  }
  bool Synchronised() const override { return synchronised_; }

 private:
  std::atomic<Time> now_;
  std::atomic<int64_t> steady_ms_{1'000};
  std::atomic<bool> synchronised_{true};
};

constexpr std::string_view kBegun = "2013-01-14T12:00:00Z";
constexpr std::string_view kNoon = "2013-01-15T12:00:00Z";
constexpr std::string_view kDue = "2013-01-16T02:00:00Z";  // the day's end and two hours

// The fixture's policy with the level of noise at places.
std::string PolicyWithNoise(const Commons& commons) {
  std::string text = commons.PolicyYaml(3);
  const auto insert = [&](std::string_view before, std::string_view lines) {
    text.insert(text.find(before), lines);
  };
  insert("purposes:",
         "  - {id: noise, unit: dB, kind: level, resolution: \"0.1\", lo: 0, hi: 140,\n"
         "     interval: PT1M, lateness: PT1H, sensitivity: open, unit_of_privacy: place,\n"
         "     bucket_min: PT1H}\n");
  insert("retain:", "  - {id: c-noise, metric: noise, profile: generic}\n");
  insert("consent:", "  - {id: r-noise, metric: noise, tier: raw, keep: P30D, then: erase}\n");
  insert("forbid:", "  - {id: noise-daily, metric: noise, bucket: P1D, stats: [count, mean], "
                    "zone: neighbourhood, purpose: official-stats, to: [city-hall], "
                    "age_min: PT1H}\n");
  return text;
}

class UnsoundClockTest : public ::testing::Test {
 protected:
  UnsoundClockTest() : clock_(At(kBegun)) {
    Open();
    const std::string roster =
        "schema: commons-roster/1\ncommons: testville\nversion: 1\nprev: \"\"\n"
        "issued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
        "gateways: [{id: gw-a, zone: north}]\nparties: [{id: city-hall, kind: municipality}]\n";
    const auto activated = gateway_->ActivateDocuments(
        {commons_.Sign(crypto::kCharterType, commons_.CharterYaml()),
         commons_.Sign(crypto::kPolicyType, PolicyWithNoise(commons_)),
         commons_.Sign(crypto::kRosterType, roster)});
    EXPECT_TRUE(activated.ok()) << Message(activated.status());
    EXPECT_TRUE(gateway_->AddPlace("square", "north").ok());
    EXPECT_TRUE(gateway_->EnrolDevice({.device = "ear", .place = "square"}).ok());
    const policy::Invite named{"testville", GatewayId("gw-a"),
                               SubjectId::FromBytes((*gateway_->ListPlaces())[0].subject), {}};
    EXPECT_TRUE(gateway_->ConfirmPlace(
        "square", commons_.Sign(crypto::kConfirmationType,
                                policy::BuildConfirmation(named, {}, At(kBegun)))).ok());
  }

  void Open() {
    auto opened = Pipeline::Open({.dir = dir(),
                                  .master = *crypto::SecretKey::FromBytes(commons_.master()),
                                  .gateway = GatewayId("gw-a"),
                                  .clock = &clock_,
                                  .facts = {.traits = [this](const port::EnrolledDevice& device,
                                                             const Metric& metric) {
                                    asked_.insert(device.device.value() + "/" + metric.id.value());
                                    return port::SeriesTraits{};
                                  }}});
    ASSERT_TRUE(opened.ok()) << Message(opened.status());
    gateway_ = *std::move(opened);
  }
  void Close() {
    ASSERT_TRUE(gateway_->Close().ok());
    gateway_.reset();
  }
  std::string dir() const { return commons_.dir().parent_path() / "live"; }

  // As the door hands it on: with a time of its own, or stamped.
  void Send(int64_t level, std::optional<Time> own = std::nullopt) {
    Reading reading{.time = own.value_or(gateway_->Now()), .value = level};
    if (!own) {
      reading.quality = kQualityArrivalTime;
      if (!gateway_->ClockSound()) reading.quality |= kQualityClockUnsound;
    }
    const auto table = gateway_->admissions();
    const port::Admission& admission = table->Find("generic", "ear", "noise");
    ASSERT_EQ(admission.code, port::DoorCode::kAdmitted);
    gateway_->Received(1);
    const port::Admitted admitted{&admission, reading};
    const Status appended = gateway_->Append(
        {.topic = "ear", .payload = std::to_string(level)}, {&admitted, 1}, false);
    ASSERT_TRUE(appended.ok()) << Message(appended);
  }
  // After a turn of the pipeline's thread that saw the present time.
  port::GatewayStatus Look() {
    clock_.Advance(seconds(2));
    EXPECT_TRUE(gateway_->GetStatus().ok());
    return *gateway_->GetStatus();
  }
  uint64_t Decided() {
    const port::GatewayStatus status = Look();
    return status.released + status.suppressed;
  }

  // Of the stored readings those whose time is not known, by time.
  std::vector<int64_t> Untimed() {
    auto database = store::Database::Open(dir());
    EXPECT_TRUE(database.ok());
    auto vault = store::Vault::Open(**database, *crypto::SecretKey::FromBytes(commons_.master()));
    EXPECT_TRUE(vault.ok());
    std::map<Time, int64_t> found;
    const auto visited = BlockLog(**database, **vault)
                             .VisitMonth(2013 * 12, [&](OwnerKind, const OwnerId&, const SeriesId&,
                                                        const std::vector<Reading>& readings) {
                               for (const Reading& each : readings) {
                                 if (!HasKnownTime(each.quality)) found[each.time] = each.value;
                               }
                             });
    EXPECT_TRUE(visited.ok());
    std::vector<int64_t> values;
    for (const auto& [time, value] : found) values.push_back(value);
    return values;
  }

  Commons commons_;  // for its folder, key and documents
  BoardClock clock_;
  std::set<std::string> asked_;  // for traits; look at it when the gateway is closed
  std::unique_ptr<Pipeline> gateway_;
};

TEST_F(UnsoundClockTest, IntakeGoesOnFromWhatWasDurableAndNothingIsDecidedEarly) {
  clock_.Set(At(kNoon), true);
  Send(400, At("2013-01-15T11:00:00Z"));
  Send(600, At("2013-01-15T11:02:00Z"));
  Close();

  clock_.Set(At("1970-01-01T00:00:10Z"), false);
  Open();
  EXPECT_FALSE(gateway_->ClockSound());
  EXPECT_FALSE(gateway_->ComparesStampsWithNow()) << "every own stamp would be of the future";
  EXPECT_GE(gateway_->Now(), At(kNoon));
  const Time booted = gateway_->Now();
  clock_.Advance(minutes(5));
  EXPECT_EQ(gateway_->Now(), booted + minutes(5)) << "and time passes";
  for (const int64_t level : {903, 901, 902}) {
    Send(level);
    clock_.Advance(seconds(1));
  }
  Send(500, At("2013-01-15T13:00:00Z"));  // its own clock is right
  port::GatewayStatus status = Look();
  EXPECT_FALSE(status.clock_sound);
  EXPECT_EQ(status.untimed, 3u);
  EXPECT_EQ(status.waiting, 0u);
  EXPECT_EQ(status.open_days, 1u);
  Close();  // A checkpoint must not take 1970, nor what was made of it, for the time.

  Open();
  EXPECT_FALSE(gateway_->ClockSound());
  clock_.Set(At(kDue) - minutes(1), true);  // the time server was heard
  EXPECT_TRUE(gateway_->ClockSound());
  EXPECT_GE(gateway_->Now(), At(kDue) - minutes(1));
  EXPECT_EQ(Decided(), 0u);
  clock_.Set(At(kDue), true);
  EXPECT_EQ(Decided(), 1u);
  // Each held for two minutes: 40, 60 and 50 dB have a mean of 55.7 dB, and nothing of 90.
  std::vector<port::DecidedCell> cells;
  ASSERT_TRUE(gateway_->VisitCells({}, [&](const port::DecidedCell& cell) {
    cells.push_back(cell);
    return true;
  }).ok());
  ASSERT_EQ(cells.size(), 1u);
  ASSERT_TRUE(cells[0].cell.figures.has_value());
  EXPECT_EQ(cells[0].cell.figures->mean, 557);
  Close();
  EXPECT_EQ(Untimed(), (std::vector<int64_t>{903, 901, 902}));
}

using LiveGatewayTest = UnsoundClockTest;

TEST_F(LiveGatewayTest, TheTraitsOfWhatIsEnrolledAreAskedForAlsoAfterARestart) {
  Close();
  EXPECT_TRUE(asked_.contains("ear/noise"));
  asked_.clear();
  Open();
  Close();
  EXPECT_TRUE(asked_.contains("ear/noise"));
}

TEST_F(UnsoundClockTest, AClockThatWasNeverSetIsNotVouchedForByAStoreThatIsNew) {
  Close();
  std::filesystem::remove_all(dir());
  clock_.Set(At("1970-01-01T00:00:10Z"), false);
  Open();
  EXPECT_FALSE(gateway_->ClockSound());
}

}  // namespace
}  // namespace gateway::pipeline
