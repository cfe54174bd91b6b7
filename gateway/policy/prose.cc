#include "gateway/policy/prose.h"

#include "gateway/base/bytes.h"
#include "gateway/policy/prose_parts.h"

namespace gateway::policy {

void ProseText::Block(std::string_view mark, std::string_view text) {
  if (!text_.empty()) text_ += "\n";
  text_ += Format("%s%s\n", mark, text);
  in_list_ = false;
}

void ProseText::Bullet(std::string_view mark, std::string_view text) {
  if (!in_list_) text_ += "\n";
  text_ += Format("%s%s\n", mark, text);
  in_list_ = true;
}

void ProseText::Item(const Sentences& sentences) { Bullet("- ", Joined(sentences)); }

void ProseText::Rule(std::string_view id, const Sentences& sentences) {
  const std::string first = sentences.empty() ? "" : sentences.front();
  Bullet("- ", phrases_.Say("rule", {{"id", std::string(id)}, {"sentence", first}}));
  for (std::size_t i = 1; i < sentences.size(); ++i) Bullet("  - ", sentences[i]);
}

std::string Joined(const Sentences& sentences) {
  std::string line;
  for (const std::string& sentence : sentences) {
    line += Format("%s%s", line.empty() ? "" : " ", sentence);
  }
  return line;
}

std::string Succession(const Phrases& phrases, std::string_view prev) {
  if (prev.empty()) return phrases.Say("first_version");
  return phrases.Say("succeeds", {{"hash", HexEncode(prev)}});
}

std::string Prose(const ProseSource& source, const Phrases& phrases) {
  ProseText text(phrases);
  if (source.charter != nullptr) SayCharter(*source.charter, phrases, text);
  if (source.policy != nullptr) {
    SayPolicyFrame(*source.policy, phrases, text);
    SayRules(source, phrases, text);
  }
  if (source.roster != nullptr) SayRoster(*source.roster, phrases, text);
  return text.text();
}

}  // namespace gateway::policy
