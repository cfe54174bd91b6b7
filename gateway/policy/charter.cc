#include "gateway/policy/charter.h"

#include <algorithm>

#include "gateway/crypto/sign.h"
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
  if (const yaml::Node* node = fields.Child("floors")) {
    Fields floors(*node, "floors", error);
    charter.floors.line = floors.line();
    charter.floors.k_min = static_cast<uint32_t>(floors.Uint("k_min", 2, kMembersMax));
    charter.floors.age_min = floors.Parse("age_min", ParseDuration);
    charter.floors.top1_max_pct = static_cast<uint32_t>(floors.Uint("top1_max_pct", 1, 100));
    floors.Finish();
  }
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
