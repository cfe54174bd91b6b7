// The strict YAML reader and the three documents read by it. What is accepted keeps the reader's
// promises, reads the same twice, and can be linted; what is refused says where.
#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include "gateway/base/check.h"
#include "gateway/policy/charter.h"
#include "gateway/policy/lint.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/roster.h"
#include "gateway/yaml/yaml.h"
#include "tests/fuzz/fuzz.h"

namespace gateway {
namespace {

// Takes `word` and a number from 1 from the front of the text.
bool TakePosition(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 1) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

void CheckRefusal(const Status& status) {
  GW_CHECK(status.code() == StatusCode::kInvalidArgument);
  const std::string text(Message(status));
  std::string_view rest = text;
  GW_CHECK(TakePosition(rest, "line ") && TakePosition(rest, " column "));
  GW_CHECK(rest.starts_with(": ") && rest.size() > 2);
}

void CheckNode(const yaml::Node& node, int lines, std::size_t depth) {
  GW_CHECK(depth <= yaml::kYamlDepthMax);
  GW_CHECK(node.line >= 1 && node.line <= lines && node.column >= 1);
  GW_CHECK(node.kind == yaml::NodeKind::kScalar || node.text.empty());
  GW_CHECK(node.keys.size() == (node.kind == yaml::NodeKind::kMapping ? node.items.size() : 0));
  std::set<std::string_view> keys;
  for (const yaml::Node& key : node.keys) {
    GW_CHECK(key.kind == yaml::NodeKind::kScalar && keys.insert(key.text).second);
    CheckNode(key, lines, depth);
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    GW_CHECK(node.Find(node.keys[i].text) == &node.items[i]);
  }
  for (const yaml::Node& item : node.items) CheckNode(item, lines, depth + 1);
}

bool Same(const yaml::Node& a, const yaml::Node& b) {
  return a.kind == b.kind && a.line == b.line && a.column == b.column && a.text == b.text &&
         a.quoted == b.quoted &&
         std::equal(a.keys.begin(), a.keys.end(), b.keys.begin(), b.keys.end(), Same) &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), Same);
}

// Returns whether the text was accepted.
bool ReadAsYaml(std::string_view text) {
  const StatusOr<yaml::Node> root = yaml::Parse(text);
  if (!root.ok()) {
    CheckRefusal(root.status());
    return false;
  }
  GW_CHECK(text.size() <= yaml::kYamlBytesMax);
  for (const char c : text) {
    GW_CHECK(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  }
  GW_CHECK(text.find("\xef\xbb\xbf") == std::string_view::npos);
  CheckNode(*root, 1 + static_cast<int>(std::count(text.begin(), text.end(), '\n')), 0);
  const StatusOr<yaml::Node> again = yaml::Parse(text);
  GW_CHECK(again.ok() && Same(*root, *again));
  return true;
}

// A document is YAML first: nothing that the reader refuses may become rules.
template <typename Document>
StatusOr<Document> ReadAs(StatusOr<Document> (*parse)(std::string_view), std::string_view text,
                          bool is_yaml) {
  StatusOr<Document> document = parse(text);
  GW_CHECK(is_yaml || !document.ok());
  if (!document.ok()) CheckRefusal(document.status());
  return document;
}

}  // namespace
}  // namespace gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  namespace policy = gateway::policy;
  const std::string_view text = gateway::fuzz::Bytes(data, size);
  const bool is_yaml = gateway::ReadAsYaml(text);
  const auto charter = gateway::ReadAs(policy::ParseCharter, text, is_yaml);
  const auto rules = gateway::ReadAs(policy::ParsePolicy, text, is_yaml);
  const auto roster = gateway::ReadAs(policy::ParseRoster, text, is_yaml);
  // `schema` tells the three apart, so no text is two of them.
  GW_CHECK(charter.ok() + rules.ok() + roster.ok() <= 1);
  if (charter.ok() || rules.ok() || roster.ok()) {
    policy::Lint(charter.ok() ? *charter : policy::Charter(), rules.ok() ? *rules : policy::Policy(),
                 roster.ok() ? *roster : policy::Roster());
  }
  return 0;
}
