// What the parts of prose.h have in common. Internal to gateway/policy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/policy/prose.h"

namespace gateway::policy {

using Sentences = std::vector<std::string>;

// A text of headings, paragraphs and bullets.
class ProseText {
 public:
  explicit ProseText(const Phrases& phrases) : phrases_(phrases) {}

  void Title(std::string_view text) { Block("# ", text); }
  void Heading(std::string_view text) { Block("## ", text); }
  void Paragraph(std::string_view text) { Block("", text); }
  // One bullet with all of the sentences.
  void Item(const Sentences& sentences);
  // One bullet with the id and the first sentence, and one below it for each of the others.
  void Rule(std::string_view id, const Sentences& sentences);
  const std::string& text() const { return text_; }

 private:
  void Block(std::string_view mark, std::string_view text);
  void Bullet(std::string_view mark, std::string_view text);

  const Phrases& phrases_;
  std::string text_;
  bool in_list_ = false;
};

// Every id in quotes, as a list.
template <typename Ids>
std::string QuotedList(const Phrases& phrases, const Ids& ids) {
  Sentences items;
  for (const auto& id : ids) {
    if constexpr (requires { id.value(); }) {
      items.push_back(phrases.Quoted(id.value()));
    } else {
      items.push_back(phrases.Quoted(id));
    }
  }
  return phrases.List(items);
}

// One after the other, on one line.
std::string Joined(const Sentences& sentences);

// "It is the first version", or which it follows.
std::string Succession(const Phrases& phrases, std::string_view prev);

void SayCharter(const Charter& charter, const Phrases& phrases, ProseText& text);
// Dates, zones, metrics and purposes.
void SayPolicyFrame(const Policy& policy, const Phrases& phrases, ProseText& text);
// Everything from `collect` to `duty`. There must be a policy.
void SayRules(const ProseSource& source, const Phrases& phrases, ProseText& text);
void SayRoster(const Roster& roster, const Phrases& phrases, ProseText& text);

// So many steps of a metric, which may be null, with its unit.
std::string Amount(const Phrases& phrases, const Metric* metric, int64_t steps);

}  // namespace gateway::policy
