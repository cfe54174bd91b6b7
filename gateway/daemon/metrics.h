// The gateway's figures as text for Prometheus (exposition format 0.0.4). No label names a
// household, a place, a device or a topic: whoever may scrape must not learn who lives here. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "gateway/pipeline/figures.h"
#include "gateway/port/listening.h"

namespace gateway::daemon {

struct ProcessFigures {
  uint64_t resident_bytes = 0;
  Millis cpu{0};
  Time started;
};
// Of this process; zeros if the kernel does not say.
ProcessFigures ReadProcess();

struct Metrics {
  pipeline::GatewayFigures figures;
  bool broker_connected = false;
  std::optional<port::BrokerState> broker;  // not set: no more is known of it
  std::map<std::string, uint64_t> devices;  // enrolled ones, by HearingState; empty: not known
  ProcessFigures process;
  std::string version;
};

// Every family that docs/operations.md lists, and every label value that can be, zeros included.
std::string MetricsText(const Metrics& metrics);

}  // namespace gateway::daemon
