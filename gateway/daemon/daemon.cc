#include "gateway/daemon/daemon.h"

#include <memory>
#include <utility>

#include "gateway/admin/server.h"
#include "gateway/base/log.h"
#include "gateway/crypto/secret.h"
#include "gateway/daemon/broker.h"
#include "gateway/daemon/logins.h"
#include "gateway/daemon/metrics.h"
#include "gateway/daemon/metrics_server.h"
#include "gateway/daemon/process.h"
#include "gateway/daemon/unlock.h"
#include "gateway/federation/server.h"
#include "gateway/ingest/door.h"
#include "gateway/ingest/heard.h"
#include "gateway/ingest/listener.h"
#include "gateway/ingest/own_profile.h"
#include "gateway/ingest/paho_source.h"
#include "gateway/ingest/profile.h"
#include "gateway/ingest/reread.h"
#include "gateway/ingest/traits.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/pipeline/pipeline.h"

namespace gateway::daemon {
namespace {

StatusOr<std::vector<ingest::Profile>> LoadProfiles(const Config& config) {
  return config.profiles.empty() ? ingest::LoadInstalledProfiles()
                                 : ingest::LoadProfiles(config.profiles);
}

// Everything with a life of its own, in the order in which it starts.
struct Gateway {
  std::unique_ptr<pipeline::Pipeline> pipeline;
  crypto::TlsIdentity tls;  // in use as long as `federation` is
  ingest::Heard heard;
  std::unique_ptr<ingest::Door> door;
  ingest::Announcements announcements;
  std::unique_ptr<ingest::PahoSource> source;
  std::unique_ptr<ingest::BrokerControl> logins;
  std::unique_ptr<ingest::Listener> listener;
  std::unique_ptr<admin::AdminServer> admin;
  std::unique_ptr<federation::FederationServer> federation;
  std::unique_ptr<MetricsServer> metrics;
};

// The one way down: nothing new comes in, nobody asks any more, what is known is made durable.
Status Shutdown(Gateway& gateway) {
  NotifySystemd("STOPPING=1");
  gateway.metrics.reset();
  if (gateway.federation != nullptr) gateway.federation->Stop();
  if (gateway.logins != nullptr) gateway.logins->Stop();
  if (gateway.source != nullptr) gateway.source->Stop();
  if (gateway.admin != nullptr) gateway.admin->Stop();
  return gateway.pipeline->Close();
}

Status StartFederation(const Config& config, const Clock& real_clock, Gateway& gateway) {
  if (config.listen.empty()) return OkStatus();
  ASSIGN_OR_RETURN(gateway.tls, gateway.pipeline->tls_identity());
  ASSIGN_OR_RETURN(gateway.federation, federation::FederationServer::Start(
                                           {.listen = config.listen,
                                            .gateway = config.gateway,
                                            .software = COMMONS_VERSION,
                                            .tls = &gateway.tls,
                                            .signer = &gateway.pipeline->signer(),
                                            .cells = gateway.pipeline.get(),
                                            .clock = &real_clock,
                                            .noted = [&gateway](const PartyId& party,
                                                                const std::string& purpose,
                                                                bool answered) {
                                              gateway.pipeline->NoteQuestion(party, purpose,
                                                                             answered);
                                            }}));
  Log(LogLevel::kInfo, "peers and parties reach it on %s", config.listen);
  return OkStatus();
}

Status StartMetrics(const Config& config, Time now, Gateway& gateway) {
  if (config.metrics.empty()) return OkStatus();
  ASSIGN_OR_RETURN(const LoopbackAddress address, ParseLoopback(config.metrics));
  const auto text = [&gateway, now] {
    Metrics metrics{.figures = gateway.pipeline->figures(),
                    .broker_connected = gateway.source->connected(),
                    .broker = gateway.source->broker(),
                    .process = ReadProcess(),
                    .version = COMMONS_VERSION};
    for (const port::DeviceHearing& device : gateway.listener->Hearing()) {
      ++metrics.devices[std::string(device.state)];
    }
    metrics.process.started = now;
    return MetricsText(metrics);
  };
  ASSIGN_OR_RETURN(gateway.metrics, MetricsServer::Start(address, text));
  Log(LogLevel::kInfo, "metrics on http://%s/metrics", gateway.metrics->address());
  return OkStatus();
}

Status StartRims(const Arguments& arguments, const Config& config, const Clock& real_clock,
                 const std::atomic<bool>& stop, const std::vector<ingest::Profile>& profiles,
                 Gateway& gateway) {
  gateway.pipeline->SetRereading(ingest::MakeRereading(profiles));
  gateway.door = std::make_unique<ingest::Door>(profiles, *gateway.pipeline, gateway.heard);
  ingest::PahoSourceOptions options = BrokerOptions(config, real_clock, *gateway.pipeline);
  options.filters = FiltersOf(profiles, *gateway.pipeline->admissions());
  options.filters_now = [&gateway, profiles] {
    return FiltersOf(profiles, *gateway.pipeline->admissions());
  };
  options.stop = &stop;
  ASSIGN_OR_RETURN(gateway.source,
                   ingest::PahoSource::Create(
                       std::move(options), [&gateway](const port::Delivery& delivery) {
                         if (gateway.announcements.Take(delivery)) return OkStatus();
                         return gateway.door->Handle(delivery);
                       }));
  ingest::PahoSource* const source = gateway.source.get();
  gateway.pipeline->SetBrokerState([source] { return source->broker(); });
  ASSIGN_OR_RETURN(gateway.logins, StartLogins(config, profiles, *gateway.pipeline));
  ingest::BrokerControl* const logins = gateway.logins.get();
  gateway.pipeline->SetAdmissionsWatcher([source, logins] {
    if (logins != nullptr) logins->Wake();
    source->FiltersChanged();
  });
  gateway.listener = std::make_unique<ingest::Listener>(ingest::ListenerParts{
      .heard = &gateway.heard,
      .announcements = &gateway.announcements,
      .intake = gateway.pipeline.get(),
      .profiles = RowsOf(profiles),
      .installed = profiles,
      .sends = [profiles](const port::EnrolledDevice& device) {
        return SendingOf(device, profiles);
      },
      .broker = [source] { return source->broker(); },
      .logins = logins});
  ASSIGN_OR_RETURN(gateway.admin,
                   admin::AdminServer::Start(arguments.dir + "/admin.sock", *gateway.pipeline,
                                             *gateway.pipeline, *gateway.listener));
  return OkStatus();
}

}  // namespace

Status Run(const Arguments& arguments, const std::atomic<bool>& stop) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  ASSIGN_OR_RETURN(const std::string config_text, ReadOwn(arguments, "commonsd.yaml"));
  const auto config = ParseConfig(config_text);
  if (!config.ok()) return Annotate(config.status(), arguments.dir + "/commonsd.yaml");
  SetLogLevel(config->log_level);
  ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Take(arguments.dir));
  ASSIGN_OR_RETURN(const std::string mode_text, ReadOwn(arguments, "mode"));
  const auto mode = ParseMode(mode_text);
  if (!mode.ok()) return Annotate(mode.status(), arguments.dir + "/mode");
  RETURN_IF_ERROR(CheckMode(*mode, arguments));
  ASSIGN_OR_RETURN(std::optional<crypto::MasterKeys> masters,
                   ObtainMasters(arguments, *config, stop));
  if (!masters.has_value()) return OkStatus();  // stopped while it was locked

  RealClock real_clock;
  // The pipeline raises it to the time that was last made durable.
  ReplayClock replay_clock(mode->replay_start.value_or(Time()));
  const bool replay = mode->replay_start.has_value();

  ASSIGN_OR_RETURN(std::vector<ingest::Profile> profiles, LoadProfiles(*config));
  const auto traits = std::make_shared<const ingest::Traits>(profiles);

  Gateway gateway;
  ASSIGN_OR_RETURN(
      gateway.pipeline,
      pipeline::Pipeline::Open(
          {.dir = arguments.dir + "/db",
           .master = *std::move(masters),
           .keyslots = arguments.dir + "/keyslots",
           .gateway = config->gateway,
           .clock = replay ? static_cast<Clock*>(&replay_clock) : &real_clock,
           .replay = replay ? &replay_clock : nullptr,
           .checkpoint_interval = config->checkpoint,
           .sync = {.interval = config->sync, .bytes_max = config->sync_bytes},
           .space = {.quota_bytes = config->disk_quota,
                     .free_bytes_min = config->disk_free_min},
           .facts = {.traits = [traits](const port::EnrolledDevice& device,
                                        const Metric& metric) { return traits->Of(device, metric); },
                     .read_own = ingest::OwnProfile::Read},
           .own_filters_max = OwnFiltersMax(profiles),
           .broker_logins = config->broker_logins}));
  Status started = StartRims(arguments, *config, real_clock, stop, profiles, gateway);
  if (started.ok()) started = StartFederation(*config, real_clock, gateway);
  if (started.ok()) started = StartMetrics(*config, real_clock.SystemNow(), gateway);
  if (started.ok()) {
    Log(LogLevel::kInfo, "%s is up%s", config->gateway.value(), replay ? " (replay)" : "");
    NotifySystemd("READY=1\nSTATUS=open");
    gateway.source->RunUntilStopped();
    Log(LogLevel::kInfo, "%s is stopping", config->gateway.value());
  }
  const Status closed = Shutdown(gateway);
  crypto::Wipe(gateway.tls.private_key_pem.data(), gateway.tls.private_key_pem.size());
  return started.ok() ? closed : started;
}

}  // namespace gateway::daemon
