// The strict reader of a language's file.
#include <algorithm>
#include <set>

#include "gateway/policy/phrases.h"
#include "gateway/yaml/fields.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr std::size_t kMonths = 12;
constexpr uint64_t kOneMax = 1'000;
constexpr std::size_t kOnesMax = 8;

std::set<std::string_view> Split(std::string_view names) {
  std::set<std::string_view> all;
  while (!names.empty()) {
    const std::size_t space = std::min(names.find(' '), names.size());
    all.insert(names.substr(0, space));
    names.remove_prefix(std::min(space + 1, names.size()));
  }
  return all;
}

// What is wrong with a pattern; "" if it has all of `wanted` and, beside `may_have`, nothing else.
std::string FaultOf(std::string_view pattern, std::set<std::string_view> wanted,
                    std::string_view may_have = "") {
  if (pattern.empty()) return "says nothing";
  const std::set<std::string_view> known = wanted;
  while (true) {
    const std::size_t brace = pattern.find_first_of("{}");
    if (brace == std::string_view::npos) break;
    const std::size_t close = pattern.find('}', brace);
    if (pattern[brace] == '}' || close == std::string_view::npos) return "has a { or } too many";
    const std::string_view name = pattern.substr(brace + 1, close - brace - 1);
    if (!known.contains(name) && (name.empty() || name != may_have)) {
      return Format("{%s}: there is nothing to fill in of that name", name);
    }
    wanted.erase(name);
    pattern.remove_prefix(close + 1);
  }
  return wanted.empty() ? "" : Format("{%s} is missing", *wanted.begin());
}

}  // namespace

class PhrasesReader {
 public:
  explicit PhrasesReader(Phrases& phrases) : phrases_(phrases) {}

  Status Read(const Node& root, std::string_view language) {
    Fields fields(root, "language", error_);
    fields.OneOf("schema", {"commons-prose/1"});
    fields.OneOf("language", {language});
    for (const Node& number : fields.Items("one", kOnesMax)) ReadOne(number);
    phrases_.decimal_ = fields.Text("decimal");
    phrases_.thousands_ = fields.Text("thousands");
    phrases_.months_ = fields.Texts("months", Fields::Empty::kRefused, kMonths);
    if (phrases_.months_.size() != kMonths) fields.Fail("months", "must be twelve");
    phrases_.list_last_before_ = ReadWords(fields, "list_last_before", Kind::kPatterns);
    phrases_.levels_ = ReadWords(fields, "levels", Kind::kWords);
    phrases_.purposes_ = ReadWords(fields, "purposes", Kind::kWords);
    phrases_.kinds_ = ReadWords(fields, "kinds", Kind::kWords);
    if (const Node* messages = fields.Child("messages")) ReadMessages(*messages);
    fields.Finish();
    return error_;
  }

 private:
  enum class Kind { kWords, kPatterns };

  void ReadOne(const Node& number) {
    uint64_t value = 0;
    for (const char c : number.text) {
      if (c < '0' || c > '9') value = kOneMax;
      value = std::min(kOneMax, value * 10 + static_cast<uint64_t>(c - '0'));
    }
    if (number.text.empty() || value >= kOneMax) {
      FailAt(number, "one: must be numbers below 1000");
    } else {
      phrases_.one_.push_back(value);
    }
  }

  // Two ids that were called the same could not be told apart by whoever reads the rules.
  Phrases::Words ReadWords(Fields& parent, std::string_view key, Kind kind) {
    Phrases::Words words;
    const Node* node = parent.Child(key);
    if (node == nullptr) return words;
    Fields fields(*node, key, error_);
    std::set<std::string> taken;
    for (const Node& id : node->keys) {
      std::string word = fields.Text(id.text);
      if (kind == Kind::kPatterns) {
        if (const std::string fault = FaultOf(word, {"a", "b"}); !fault.empty()) {
          fields.Fail(id.text, fault);
        }
      } else if (word.empty() || !taken.insert(word).second) {
        fields.Fail(id.text, "must be a word that no other id has");
      }
      words[id.text] = std::move(word);
    }
    fields.Finish();
    return words;
  }

  void ReadMessages(const Node& node) {
    Fields fields(node, "messages", error_);
    for (const MessageSpec& spec : kMessages) {
      Phrases::Message message;
      if (spec.counted) {
        ReadForms(fields, spec, message);
      } else {
        message.one = fields.Text(spec.name);
        Check(fields, spec, message.one, Split(spec.placeholders));
      }
      phrases_.messages_.push_back(std::move(message));
    }
    fields.Finish();
  }

  void ReadForms(Fields& fields, const MessageSpec& spec, Phrases::Message& message) {
    const std::vector<Node>& forms = fields.Items(spec.name, 2);
    if (!error_.ok()) return;
    if (forms.size() != 2 || forms[0].kind != yaml::NodeKind::kScalar ||
        forms[1].kind != yaml::NodeKind::kScalar) {
      fields.Fail(spec.name, "must have two forms, for one and for several");
      return;
    }
    message.one = forms[0].text;
    message.other = forms[1].text;
    std::set<std::string_view> wanted = Split(spec.placeholders);
    // "a day" is clear where only 1 is one, and a lie where 0 is, too.
    if (phrases_.one_.size() > 1) wanted.insert("n");
    Check(fields, spec, message.one, wanted, "n");
    wanted.insert("n");
    Check(fields, spec, message.other, wanted);
  }

  static void Check(Fields& fields, const MessageSpec& spec, std::string_view pattern,
                    std::set<std::string_view> wanted, std::string_view may_have = "") {
    const std::string fault = FaultOf(pattern, std::move(wanted), may_have);
    if (!fault.empty()) fields.Fail(spec.name, fault);
  }

  void FailAt(const Node& node, std::string_view text) {
    if (error_.ok()) error_ = yaml::ErrorAt(node, text);
  }

  Phrases& phrases_;
  Status error_;
};

StatusOr<Phrases> Phrases::Parse(std::string_view yaml, std::string_view language) {
  RETURN_IF_ERROR(CheckLanguage(language));
  ASSIGN_OR_RETURN(const Node root, yaml::Parse(yaml));
  Phrases phrases;
  RETURN_IF_ERROR(PhrasesReader(phrases).Read(root, language));
  return phrases;
}

}  // namespace gateway::policy
