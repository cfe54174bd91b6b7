// What mosquitto's dynamic-security plugin should know and what it does know: logins, and for each a
// role of the same name that lets it publish to its own topics and do nothing else. Decides which
// commands lead from one to the other. Pure; talks to nobody (ingest/broker_control.h).
//
// Only what begins with port::kLoginPrefix is the gateway's to change; its own login, with which it
// commands the plugin, and whatever else an operator made are left alone. JSON of the plugin: mosquitto.org/documentation/dynamic-security.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

// A login and the topic filters that it may publish to, at most kLoginTopicsMax.
struct BrokerLogin {
  std::string login;
  std::string password;
  std::vector<std::string> topics;
};

// What the plugin said that it has, of ours.
struct BrokerHas {
  std::map<std::string, std::set<std::string>> roles;    // "allow publishClientSend TOPIC" …
  std::map<std::string, std::set<std::string>> clients;  // their roles
  bool defaults = false;  // publishing and subscribing are denied to whom no role allows them
};

// One answer of the plugin.
struct BrokerAnswer {
  std::string batch;  // of the request
  std::vector<std::string> errors;  // the plugin's words for each command that failed
  std::size_t listed = 0, total = 0;  // of a list: in this answer, in all
};

// Commands, each a JSON object, that ask for everything from `offset` on, `count` at a time.
std::string ListRoles(std::size_t offset, std::size_t count);
std::string ListClients(std::size_t offset, std::size_t count);
std::string GetDefaults();

// The payload of one request. `batch` comes back in its answer.
std::string Request(const std::vector<std::string>& commands, std::string_view batch);

// Adds what an answer lists to `has`, except `own_login`.
// Returns InvalidArgument if it is no answer of the plugin.
StatusOr<BrokerAnswer> ReadAnswer(std::string_view payload, std::string_view own_login,
                                  BrokerHas& has);

// In the order in which they must be carried out; empty if the broker has what is wanted.
std::vector<std::string> PlanCommands(const std::vector<BrokerLogin>& wanted, const BrokerHas& has);

// What a broker has that has carried them out.
BrokerHas AsWanted(const std::vector<BrokerLogin>& wanted);

}  // namespace gateway::ingest
