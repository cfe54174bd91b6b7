#include "gateway/ingest/broker_plan.h"

#include <simdjson.h>

#include <algorithm>

namespace gateway::ingest {
namespace {

namespace dom = simdjson::dom;

std::string Json(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<uint8_t>(c) < 0x20) {
      out += Format("\\u%04x", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

struct Acl {
  std::string_view type;
  std::string topic;
};

// As it stands in BrokerHas. Denials cannot be among ours, so that a role with one never matches.
std::string Key(std::string_view type, std::string_view topic, bool allow) {
  return Format("%s %s %s", allow ? "allow" : "deny", type, topic);
}

std::vector<Acl> AclsOf(const BrokerLogin& login) {
  std::vector<Acl> acls;
  for (const std::string& topic : login.topics) acls.push_back({"publishClientSend", topic});
  return acls;
}

std::set<std::string> Keys(const std::vector<Acl>& acls) {
  std::set<std::string> keys;
  for (const Acl& acl : acls) keys.insert(Key(acl.type, acl.topic, true));
  return keys;
}

std::string AclsJson(const std::vector<Acl>& acls) {
  std::string out = "[";
  for (const Acl& acl : acls) {
    out += Format("%s{\"acltype\":%s,\"topic\":%s,\"allow\":true}", out.size() > 1 ? "," : "",
                  Json(acl.type), Json(acl.topic));
  }
  return out + "]";
}

std::string RoleCommand(std::string_view command, std::string_view name,
                        const std::vector<Acl>& acls) {
  return Format("{\"command\":\"%s\",\"rolename\":%s,\"acls\":%s}", command, Json(name),
                AclsJson(acls));
}

std::string ClientCommand(std::string_view command, const BrokerLogin& login) {
  return Format("{\"command\":\"%s\",\"username\":%s,\"password\":%s,\"roles\":[{\"rolename\":%s}]}",
                command, Json(login.login), Json(login.password), Json(login.login));
}

std::string Named(std::string_view command, std::string_view key, std::string_view name) {
  return Format("{\"command\":\"%s\",\"%s\":%s}", command, key, Json(name));
}

// "" if it is missing or no text.
std::string_view TextOf(const dom::element& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

template <typename Visit>
void ForEach(const dom::element& object, std::string_view key, const Visit& visit) {
  dom::array array;
  if (object[key].get(array) != simdjson::SUCCESS) return;
  for (const dom::element item : array) visit(item);
}

bool IsOurs(std::string_view name) { return name.starts_with(port::kLoginPrefix); }

void ReadRole(const dom::element& role, BrokerHas& has) {
  const std::string_view name = TextOf(role, "rolename");
  if (!IsOurs(name)) return;
  std::set<std::string>& acls = has.roles[std::string(name)];
  ForEach(role, "acls", [&](const dom::element& acl) {
    bool allow = false;
    if (acl["allow"].get(allow) != simdjson::SUCCESS) allow = false;
    acls.insert(Key(TextOf(acl, "acltype"), TextOf(acl, "topic"), allow));
  });
}

void ReadClient(const dom::element& client, std::string_view own_login, BrokerHas& has) {
  const std::string_view name = TextOf(client, "username");
  if (!IsOurs(name) || name == own_login) return;
  std::set<std::string>& roles = has.clients[std::string(name)];
  ForEach(client, "roles",
          [&](const dom::element& role) { roles.emplace(TextOf(role, "rolename")); });
}

void ReadDefaults(const dom::element& data, BrokerHas& has) {
  std::size_t denied = 0;
  ForEach(data, "acls", [&](const dom::element& acl) {
    const std::string_view type = TextOf(acl, "acltype");
    bool allow = true;
    if (acl["allow"].get(allow) != simdjson::SUCCESS) return;
    if ((type == "publishClientSend" || type == "subscribe") && !allow) ++denied;
  });
  has.defaults = denied == 2;
}

void ReadResponse(const dom::element& response, std::string_view own_login, BrokerHas& has,
                  BrokerAnswer& answer) {
  if (const std::string_view error = TextOf(response, "error"); !error.empty()) {
    answer.errors.push_back(Format("%s: %s", TextOf(response, "command"), error));
    return;
  }
  dom::element data;
  if (response["data"].get(data) != simdjson::SUCCESS) return;
  uint64_t total = 0;
  if (data["totalCount"].get(total) == simdjson::SUCCESS) answer.total = total;
  const auto count = [&](const auto& read) {
    return [&, read](const dom::element& item) {
      ++answer.listed;
      read(item);
    };
  };
  ForEach(data, "roles", count([&](const dom::element& role) { ReadRole(role, has); }));
  ForEach(data, "clients",
          count([&](const dom::element& client) { ReadClient(client, own_login, has); }));
  if (TextOf(response, "command") == "getDefaultACLAccess") ReadDefaults(data, has);
}

}  // namespace

std::string ListRoles(std::size_t offset, std::size_t count) {
  return Format("{\"command\":\"listRoles\",\"verbose\":true,\"offset\":%d,\"count\":%d}", offset,
                count);
}

std::string ListClients(std::size_t offset, std::size_t count) {
  return Format("{\"command\":\"listClients\",\"verbose\":true,\"offset\":%d,\"count\":%d}", offset,
                count);
}

std::string GetDefaults() { return "{\"command\":\"getDefaultACLAccess\"}"; }

std::string Request(const std::vector<std::string>& commands, std::string_view batch) {
  std::string out = "{\"commands\":[";
  for (std::size_t i = 0; i < commands.size(); ++i) {
    std::string command = commands[i];
    command.insert(command.size() - 1, Format(",\"correlationData\":%s", Json(batch)));
    out += (i == 0 ? "" : ",") + command;
  }
  return out + "]}";
}

StatusOr<BrokerAnswer> ReadAnswer(std::string_view payload, std::string_view own_login,
                                  BrokerHas& has) {
  dom::parser parser;
  dom::element root;
  dom::array responses;
  if (parser.parse(payload.data(), payload.size()).get(root) != simdjson::SUCCESS ||
      root["responses"].get(responses) != simdjson::SUCCESS) {
    return InvalidArgument("broker: its plugin's answer is not one");
  }
  BrokerAnswer answer;
  for (const dom::element response : responses) {
    answer.batch = std::string(TextOf(response, "correlationData"));
    ReadResponse(response, own_login, has, answer);
  }
  return answer;
}

std::vector<std::string> PlanCommands(const std::vector<BrokerLogin>& wanted,
                                      const BrokerHas& has) {
  std::vector<std::string> commands;
  if (!has.defaults) {
    commands.emplace_back(
        "{\"command\":\"setDefaultACLAccess\",\"acls\":["
        "{\"acltype\":\"publishClientSend\",\"allow\":false},"
        "{\"acltype\":\"subscribe\",\"allow\":false}]}");
  }
  std::set<std::string_view> names;
  for (const BrokerLogin& login : wanted) names.insert(login.login);
  for (const auto& [name, roles] : has.clients) {
    if (!names.contains(name)) commands.push_back(Named("deleteClient", "username", name));
  }
  for (const auto& [name, acls] : has.roles) {
    if (!names.contains(name)) commands.push_back(Named("deleteRole", "rolename", name));
  }
  for (const BrokerLogin& login : wanted) {
    const std::vector<Acl> acls = AclsOf(login);
    const auto role = has.roles.find(login.login);
    if (role == has.roles.end()) {
      commands.push_back(RoleCommand("createRole", login.login, acls));
    } else if (role->second != Keys(acls)) {
      commands.push_back(RoleCommand("modifyRole", login.login, acls));
    }
    const auto client = has.clients.find(login.login);
    if (client == has.clients.end()) {
      commands.push_back(ClientCommand("createClient", login));
    } else if (client->second != std::set<std::string>{login.login}) {
      commands.push_back(ClientCommand("modifyClient", login));
    }
  }
  return commands;
}

BrokerHas AsWanted(const std::vector<BrokerLogin>& wanted) {
  BrokerHas has{.roles = {}, .clients = {}, .defaults = true};
  for (const BrokerLogin& login : wanted) {
    has.roles[login.login] = Keys(AclsOf(login));
    has.clients[login.login] = {login.login};
  }
  return has;
}

}  // namespace gateway::ingest
