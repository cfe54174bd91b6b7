// Which messages of which profiles a topic may be. A trie over levels: a look-up costs as much as
// the topic has levels, however many profiles and devices there are. Only templates with
// {device...} or {any...} are tried one by one, at the level where they begin; few families have
// them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/ingest/profile.h"
#include "gateway/ingest/topic.h"

namespace gateway::ingest {

struct TopicMatch {
  const Profile* profile = nullptr;
  const MessageSpec* message = nullptr;
  Captures captures;  // views into the topic
};

// Thread-compatible; looking up changes nothing.
class TopicIndex {
 public:
  // The profile must stay where it is as long as the index.
  void Add(const Profile& profile);

  // Replaces `found` by the matches, the most specific first (literal text before text with a
  // placeholder in it before a whole placeholder before {device...}), and of each profile only its
  // most specific: an ignored topic hides the wider ones of its own profile.
  void Find(std::string_view topic, std::vector<TopicMatch>& found) const;

 private:
  struct Leaf {
    const Profile* profile;
    const MessageSpec* message;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Node {
    std::unordered_map<std::string, std::unique_ptr<Node>, Hash, std::equal_to<>> literals;
    std::vector<std::pair<Pattern, std::unique_ptr<Node>>> patterns;  // whole placeholders last
    std::vector<Leaf> leaves;
    std::vector<Leaf> tails;  // the longest templates first
  };
  static Node& Child(Node& node, const Pattern& level);
  static void Collect(const Node& node, const TopicLevels& topic, std::size_t depth,
                      std::vector<TopicMatch>& found);
  static void Offer(const Leaf& leaf, const TopicLevels& topic, std::vector<TopicMatch>& found);

  Node root_;
};

}  // namespace gateway::ingest
