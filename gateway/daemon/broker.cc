#include "gateway/daemon/broker.h"

#include <algorithm>

#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/crypto/server_certificate.h"
#include "gateway/ingest/home_assistant.h"
#include "gateway/ingest/own_profile.h"
#include "gateway/model/limits.h"

namespace gateway::daemon {
namespace {

constexpr std::size_t kCaBytesMax = 1u << 20;
// Before this software was written: no clock that was ever set says so.
constexpr Time kClockSetMin{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

StatusOr<ingest::BrokerCertificate> LookAtBroker(const Config& config) {
  ASSIGN_OR_RETURN(const std::string trusted, ReadFile(config.broker_ca, kCaBytesMax));
  const std::string address = config.broker.substr(config.broker.find("://") + 3);
  ASSIGN_OR_RETURN(crypto::ServerCertificate seen,
                   crypto::LookAtServer(address, trusted, limits::kBrokerLookMax));
  return ingest::BrokerCertificate{.not_after = seen.not_after, .problem = std::move(seen.problem)};
}

}  // namespace

ingest::PahoSourceOptions BrokerOptions(const Config& config, const Clock& real_clock,
                                        pipeline::Pipeline& pipeline) {
  ingest::PahoSourceOptions options;
  options.broker = config.broker;
  options.gateway = config.gateway;
  options.ca_file = config.broker_ca;
  options.login_file = config.broker_login;
  options.clock = &real_clock;
  options.remembered = [&pipeline] { return pipeline.Subscriptions(); };
  options.remember = [&pipeline](const std::vector<std::string>& filters) {
    return pipeline.KeepSubscriptions(filters);
  };
  // Under a replay clock the pipeline's is another one, which is always sound.
  options.clock_set = [&real_clock, &pipeline] {
    return real_clock.SystemNow() >= kClockSetMin && pipeline.ClockSound();
  };
  if (!config.broker_ca.empty()) {
    options.look_at_certificate = [config] { return LookAtBroker(config); };
  }
  return options;
}

namespace {

std::vector<ingest::Filter> InstalledFilters(const std::vector<ingest::Profile>& profiles) {
  std::vector<ingest::Filter> filters;
  for (const std::string_view filter : ingest::kDiscoveryFilters) {
    // Nothing of it is kept, so the broker has to say it again to each process.
    filters.push_back({.text = std::string(filter), .retained = true, .may_be_shown = true});
  }
  for (std::string& filter : ingest::Filters(profiles)) {
    filters.push_back({.text = std::move(filter), .may_be_shown = true});
  }
  return filters;
}

}  // namespace

std::size_t OwnFiltersMax(const std::vector<ingest::Profile>& profiles) {
  return limits::kFiltersMax - std::min(limits::kFiltersMax, InstalledFilters(profiles).size());
}

std::vector<ingest::Filter> FiltersOf(const std::vector<ingest::Profile>& profiles,
                                      const port::AdmissionTable& table) {
  std::vector<ingest::Filter> filters = InstalledFilters(profiles);
  for (const auto& device : table.devices()) {
    const ingest::OwnProfile* own = ingest::OwnOf(*device);
    if (own == nullptr) continue;
    for (const std::string& topic : own->topics()) filters.push_back({.text = topic});
  }
  filters = ingest::WithoutCovered(std::move(filters));
  if (filters.size() > limits::kFiltersMax) {
    // A gateway that does not start could not be told to leave a device out.
    Log(LogLevel::kError, "ingest: %d topic filters, limit %d: the rest is not subscribed to; take "
        "profile files or devices with profiles of their own away", filters.size(),
        limits::kFiltersMax);
    filters.resize(limits::kFiltersMax);
  }
  return filters;
}

std::vector<port::ProfileRow> RowsOf(const std::vector<ingest::Profile>& profiles) {
  std::vector<port::ProfileRow> rows;
  for (const ingest::Profile& profile : profiles) {
    port::ProfileRow& row = rows.emplace_back();
    row.id = profile.id();
    row.about = profile.about();
    for (const ingest::MessageSpec& message : profile.messages()) {
      row.topics.push_back(message.topic.text());
    }
    row.metrics = profile.Metrics();
  }
  return rows;
}

}  // namespace gateway::daemon
