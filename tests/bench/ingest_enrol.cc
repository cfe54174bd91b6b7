// Bench `ingest.enrol_*`: what one more device costs a gateway that has 100, 1 000 or 10 000 of them,
// each tenth with a profile of its own, as one that announced itself has. A call of EnrolDevice from
// beginning to end, with what the daemon does on the pipeline's thread after each change, against a
// bare commit of the same household rows with the same barrier. Beside it, what the change costs the
// next message and whoever asks how the devices are.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/daemon/broker.h"
#include "gateway/daemon/logins.h"
#include "gateway/ingest/listener.h"
#include "gateway/ingest/own_profile.h"
#include "gateway/ingest/traits.h"
#include "gateway/pipeline/registry.h"
#include "tests/bench/ingest_subscribers.h"

namespace gateway::bench {
namespace {

constexpr int kSizes[] = {100, 1'000, 10'000};
constexpr int kDevicesPerHome = 5;
constexpr int kOwnEach = 10;  // one in so many has a profile of its own
constexpr int kMetrics = 5;
constexpr int kEnrolled = 40;  // measured

std::string OwnProfile(int number) {
  const std::string name = Format("plug-%05d", number);
  return Format("schema: commons-profile/1\nid: ha-%s\nabout: One device, as it announced itself to "
                "Home Assistant\nclaim: '%s'\nmessages:\n"
                "  - topic: 'plugs/%s/power'\n    format: json\n    readings:\n"
                "      - {metric: power-0, at: 'power', unit: 'W'}\n"
                "      - {metric: power-1, at: 'apparent', unit: 'W'}\n"
                "  - topic: 'plugs/%s/state'\n    format: json\n    readings:\n"
                "      - {metric: power-2, at: 'state.power', unit: 'W'}\n",
                name, name, name, name);
}

port::EnrolledDevice DeviceOf(int number) {
  const bool own = number % kOwnEach == 0;
  const std::string name = own ? Format("plug-%05d", number) : Format("meter-%05d", number);
  return {.device = DeviceId(name),
          .profile = own ? "ha-" + name : "generic",
          .claim = name,
          .own_profile = own ? OwnProfile(number) : "",
          .login = Format("commons-abcdefghij%06d", number),
          .password = "abcdefghijklmnopqrstuvwxyz"};
}

pipeline::Household HomeOf(int number, int devices) {
  pipeline::Household home{.kind = OwnerKind::kHousehold,
                           .id = HouseholdId(Format("flat-%05d", number)),
                           .zone = ZoneId("north"),
                           .subject = SubjectId::FromBytes(crypto::RandomBytes(16)),
                           .invite_nonce = crypto::RandomBytes(16),
                           .confirmed_at = pipeline::At("2013-01-01T00:00:00Z")};
  for (int i = 0; i < devices; ++i) {
    home.devices.push_back(DeviceOf(number * kDevicesPerHome + i));
  }
  return home;
}

double Millisec(Steady::duration duration) { return 1e3 * Seconds(duration); }

class Neighbourhood {
 public:
  // All homes are full but the last ones, which have no device yet: those are measured.
  explicit Neighbourhood(int devices) : devices_(devices) {
    const Status active = commons_.Activate(
        {{crypto::kCharterType, commons_.CharterYaml()},
         {crypto::kPolicyType, StreetPolicy("generic", kMetrics)},
         {crypto::kRosterType, std::string(kStreetRoster)}});
    GW_CHECK(active.ok());
    commons_.Close();
    OpenStore();
    for (int home = 0; home < homes(); ++home) {
      const bool full = home < homes() - kEnrolled / kDevicesPerHome;
      Commit(HomeOf(home, full ? kDevicesPerHome : 0));
    }
  }

  int homes() const { return devices_ / kDevicesPerHome; }
  int first() const { return devices_ - kEnrolled; }

  void OpenStore() {
    auto opened = store::Database::Open(commons_.dir().string());
    GW_CHECK(opened.ok());
    database_ = *std::move(opened);
    auto master = crypto::SecretKey::FromBytes(commons_.master());
    auto vault = store::Vault::Open(*database_, *std::move(master));
    GW_CHECK(vault.ok());
    vault_ = *std::move(vault);
  }
  void CloseStore() {
    vault_.reset();
    GW_CHECK(database_->Close().ok());
    database_.reset();
  }
  void Commit(const pipeline::Household& home) {
    pipeline::Registry registry(*vault_);
    store::Batch batch;
    GW_CHECK(registry.SaveHousehold(batch, home).ok());
    GW_CHECK(vault_->Commit(batch).ok());
  }

  // Milliseconds per row, written and synced and nothing else.
  double Bare() {
    store::Syncer syncer(*database_, {});
    std::vector<double> took;
    for (int i = 0; i < kEnrolled; ++i) {
      // Homes that the gateway will not see: their rows are as large.
      pipeline::Household home = HomeOf(homes() + i, 0);
      for (int j = 0; j <= i % kDevicesPerHome; ++j) {
        home.devices.push_back(DeviceOf(first() + i - i % kDevicesPerHome + j));
      }
      const auto begun = Steady::now();
      Commit(home);
      GW_CHECK(syncer.Barrier().ok());
      took.push_back(Millisec(Steady::now() - begun));
      store::Batch batch;
      batch.Delete(store::Table::kRegistry, vault_->RowPseudonym("household", home.id.value()));
      GW_CHECK(vault_->Commit(batch).ok());
    }
    syncer.Stop();
    return Median(took);
  }

  crypto::SecretKey Master() const {
    auto master = crypto::SecretKey::FromBytes(commons_.master());
    GW_CHECK(master.ok());
    return *std::move(master);
  }
  std::string dir() const { return commons_.dir().string(); }

 private:
  const int devices_;
  pipeline::Commons commons_{pipeline::Commons::WithoutRules{.live = true}};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Vault> vault_;
};

void Measure(int size) {
  Neighbourhood street(size);
  const double bare = street.Bare();
  street.CloseStore();

  const auto loaded = ingest::LoadInstalledProfiles();
  GW_CHECK(loaded.ok());
  const std::vector<ingest::Profile>& profiles = *loaded;
  const ingest::Traits traits(profiles);
  RealClock clock;
  auto opened = pipeline::Pipeline::Open(
      {.dir = street.dir(),
       .master = street.Master(),
       .gateway = GatewayId("gw-a"),
       .clock = &clock,
       .facts = {.traits = [&](const port::EnrolledDevice& device,
                               const Metric& metric) { return traits.Of(device, metric); },
                 .read_own = ingest::OwnProfile::Read},
       .broker_logins = true});
  GW_CHECK(opened.ok());
  pipeline::Pipeline& gateway = **opened;
  std::atomic<bool> stop{false};
  ingest::Heard heard;
  ingest::Door door(profiles, gateway, heard);
  auto source = ingest::PahoSource::Create(
      {.broker = "tcp://127.0.0.1:1",
       .gateway = GatewayId("gw-a"),
       .filters = daemon::FiltersOf(profiles, *gateway.admissions()),
       .stop = &stop,
       .clock = &clock,
       .filters_now = {}},
      [](const port::Delivery&) { return OkStatus(); });
  GW_CHECK(source.ok());
  gateway.SetAdmissionsWatcher([&] { (*source)->FiltersChanged(); });
  ingest::Subscriptions subscriptions(std::chrono::milliseconds(1));
  const ingest::Announcements announcements;
  const ingest::Listener listener(
      {.heard = &heard,
       .announcements = &announcements,
       .intake = &gateway,
       .profiles = {},
       .installed = profiles,
       .sends = [&](const port::EnrolledDevice& device) {
         return daemon::SendingOf(device, profiles);
       },
       .broker = [] { return port::BrokerState(); }});

  std::vector<double> plain, own, next, own_next, hearing, filters, logins;
  for (int i = 0; i < kEnrolled; ++i) {
    const int number = street.first() + i;
    const port::EnrolledDevice device = DeviceOf(number);
    auto begun = Steady::now();
    const auto enrolled =
        gateway.EnrolDevice({.device = device.device.value(),
                             .household = Format("flat-%05d", number / kDevicesPerHome),
                             .profile = device.profile,
                             .claim = device.claim,
                             .own_profile = device.own_profile});
    (device.own_profile.empty() ? plain : own).push_back(Millisec(Steady::now() - begun));
    GW_CHECK(enrolled.ok());
    begun = Steady::now();
    GW_CHECK(door.Handle({.topic = Format("sensors/meter-%05d/power-0", 1), .payload = "17"}).ok());
    (device.own_profile.empty() ? next : own_next).push_back(Millisec(Steady::now() - begun));
    begun = Steady::now();
    GW_CHECK(listener.Hearing().size() == static_cast<std::size_t>(number + 1));
    hearing.push_back(Millisec(Steady::now() - begun));
    begun = Steady::now();
    subscriptions.Want(daemon::FiltersOf(profiles, *gateway.admissions()));
    filters.push_back(Millisec(Steady::now() - begun));
    begun = Steady::now();
    GW_CHECK(daemon::LoginsOf(*gateway.admissions(), profiles).size() ==
             static_cast<std::size_t>(number + 1));
    logins.push_back(Millisec(Steady::now() - begun));
  }
  GW_CHECK(gateway.Close().ok());
  Print(Format("ingest.enrol_%d", size), Median(plain), "ms", bare,
        "a bare commit of the same household rows", Median(plain) / bare,
        Format(R"("devices":%d,"own_profiles":%d,"metrics":%d,"own_ms":%.3f,"max_ms":%.3f,)"
               R"("next_message_ms":%.3f,"own_message_ms":%.3f,"hearing_ms":%.3f,"filters_ms":%.3f,)"
               R"("logins_ms":%.3f)",
               size, size / kOwnEach, kMetrics, Median(own),
               std::max(*std::ranges::max_element(plain), *std::ranges::max_element(own)),
               Median(next), Median(own_next), Median(hearing), Median(filters), Median(logins)));
}

}  // namespace
}  // namespace gateway::bench

int main() {
  gateway::SetLogLevel(gateway::LogLevel::kError);
  for (const int size : gateway::bench::kSizes) gateway::bench::Measure(size);
}
