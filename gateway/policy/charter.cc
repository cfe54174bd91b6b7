#include "gateway/policy/charter.h"

#include <algorithm>

#include "gateway/crypto/sign.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"
#include "gateway/policy/reader.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {
namespace {

using yaml::Fields;

constexpr std::size_t kKeysMax = 64;  // as many as an envelope has signatures
constexpr uint64_t kMembersMax = 100'000;

Role ReadRole(Fields& roles, std::string_view name, Status& error) {
  Role role;
  const yaml::Node* node = roles.Child(name);
  if (node == nullptr) return role;
  Fields fields(*node, Format("role %s", name), error);
  role.line = fields.line();
  role.keys = fields.Texts("keys", Fields::Empty::kRefused, kKeysMax);
  role.threshold = static_cast<uint32_t>(fields.Uint("threshold", 0, kKeysMax));
  role.tighten = role.threshold;
  if (name == "policy" && fields.Has("tighten")) {
    role.tighten = static_cast<uint32_t>(fields.Uint("tighten", 1, kKeysMax));
  }
  fields.Finish();
  return role;
}

std::map<std::string, std::string> ReadKeys(const yaml::Node& node, Status& error) {
  std::map<std::string, std::string> keys;
  Fields fields(node, "keys", error);
  for (const yaml::Node& label : node.keys) {
    if (!ReadId(label.text).ok()) fields.Fail(label.text, "a key's label must be a name");
    keys[label.text] = fields.Parse(label.text, crypto::ParsePublicKey);
  }
  if (keys.size() > kKeysMax) fields.Fail("keys", Format("more than %d", kKeysMax));
  return keys;
}

Floors ReadFloors(const yaml::Node& node, Status& error) {
  Floors floors;
  Fields fields(node, "floors", error);
  floors.line = fields.line();
  floors.k_min = static_cast<uint32_t>(fields.Uint("k_min", 2, kMembersMax));
  floors.age_min = fields.Parse("age_min", ParseDuration);
  floors.top1_max_pct = static_cast<uint32_t>(fields.Uint("top1_max_pct", 1, 100));
  if (fields.Has("zone_min")) {
    if (const yaml::Node* zones = fields.Child("zone_min")) {
      Fields levels(*zones, "zone_min", error);
      if (levels.Has("household")) floors.zone_min_household = levels.Parse("household", ReadId);
      if (levels.Has("sensitive")) floors.zone_min_sensitive = levels.Parse("sensitive", ReadId);
      levels.Finish();
    }
  }
  if (fields.Has("keep_max")) floors.keep_max = fields.Parse("keep_max", ParseDuration);
  fields.Finish();
  return floors;
}

Delays ReadDelays(const yaml::Node& node, Status& error) {
  Delays delays;
  Fields fields(node, "delays", error);
  delays.line = fields.line();
  delays.looser = fields.Parse("looser", ParseDuration);
  delays.incomparable = fields.Parse("incomparable", ParseDuration);
  delays.entrenched = fields.Parse("entrenched", ParseDuration);
  delays.charter = fields.Parse("charter", ParseDuration);
  fields.Finish();
  return delays;
}

Objection ReadObjection(const yaml::Node& node, Status& error) {
  Objection objection;
  Fields fields(node, "objection", error);
  objection.line = fields.line();
  objection.quorum_pct = static_cast<uint32_t>(fields.Uint("quorum_pct", 1, 100));
  objection.threshold = static_cast<uint32_t>(fields.Uint("threshold", 1, kKeysMax));
  objection.extra = fields.Parse("extra", ParseDuration);
  fields.Finish();
  return objection;
}

Assembly ReadAssembly(const yaml::Node& node, Status& error) {
  Assembly assembly;
  Fields fields(node, "assembly", error);
  assembly.line = fields.line();
  assembly.quorum_pct = static_cast<uint32_t>(fields.Uint("quorum_pct", 1, 100));
  assembly.notice = fields.Parse("notice", ParseDuration);
  fields.Finish();
  return assembly;
}

}  // namespace

StatusOr<Charter> ParseCharter(std::string_view yaml) {
  ASSIGN_OR_RETURN(const yaml::Node root, yaml::Parse(yaml));
  Status error;
  Charter charter;
  Fields fields(root, "charter", error);
  Head head = ReadHead(fields, "commons-charter/1");
  charter.commons = std::move(head.commons);
  charter.version = head.version;
  charter.prev = std::move(head.prev);
  charter.expires = fields.Parse("expires", ReadTime);
  if (const yaml::Node* keys = fields.Child("keys")) charter.keys = ReadKeys(*keys, error);
  if (const yaml::Node* node = fields.Child("roles")) {
    Fields roles(*node, "roles", error);
    charter.charter = ReadRole(roles, "charter", error);
    charter.policy = ReadRole(roles, "policy", error);
    charter.roster = ReadRole(roles, "roster", error);
    charter.enrolment = ReadRole(roles, "enrolment", error);
    roles.Finish();
  }
  if (const yaml::Node* node = fields.Child("floors")) charter.floors = ReadFloors(*node, error);
  if (const yaml::Node* node = fields.Child("delays")) charter.delays = ReadDelays(*node, error);
  if (fields.Has("objection")) {
    if (const yaml::Node* node = fields.Child("objection")) {
      charter.objection = ReadObjection(*node, error);
    }
  }
  if (fields.Has("assembly")) {
    if (const yaml::Node* node = fields.Child("assembly")) {
      charter.assembly = ReadAssembly(*node, error);
    }
  }
  if (fields.Has("entrenched")) {
    charter.entrenched = fields.Texts("entrenched", Fields::Empty::kAllowed, limits::kRulesMax);
  }
  if (fields.Has("grace")) charter.grace = fields.Parse("grace", ParseDuration);
  fields.Finish();
  RETURN_IF_ERROR(error);
  return charter;
}

std::vector<std::string> PublicKeysOf(const Charter& charter, const Role& role) {
  std::vector<std::string> keys;
  for (const std::string& label : role.keys) {
    const auto found = charter.keys.find(label);
    if (found == charter.keys.end()) continue;
    if (std::find(keys.begin(), keys.end(), found->second) == keys.end()) {
      keys.push_back(found->second);
    }
  }
  return keys;
}

std::string LabelOf(const Charter& charter, const Role& role, std::string_view public_key) {
  for (const std::string& label : role.keys) {
    const auto found = charter.keys.find(label);
    if (found != charter.keys.end() && found->second == public_key) return label;
  }
  return "";
}

}  // namespace gateway::policy
