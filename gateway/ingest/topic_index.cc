#include "gateway/ingest/topic_index.h"

#include <algorithm>

namespace gateway::ingest {

TopicIndex::Node& TopicIndex::Child(Node& node, const Pattern& level) {
  if (level.literal()) {
    std::unique_ptr<Node>& child = node.literals[level.ToString()];
    if (child == nullptr) child = std::make_unique<Node>();
    return *child;
  }
  // What a bare placeholder is called makes no difference to what it matches.
  const auto same = [&](const auto& edge) {
    return edge.first == level || (edge.first.bare() && level.bare());
  };
  auto edge = std::ranges::find_if(node.patterns, same);
  if (edge == node.patterns.end()) {
    const auto place = level.bare() ? node.patterns.end() : node.patterns.begin();
    edge = node.patterns.emplace(place, level, std::make_unique<Node>());
  }
  return *edge->second;
}

void TopicIndex::Add(const Profile& profile) {
  for (const MessageSpec& message : profile.messages()) {
    Node* node = &root_;
    for (const Pattern& level : message.topic.head()) node = &Child(*node, level);
    if (!message.topic.has_tail()) {
      node->leaves.push_back({&profile, &message});
      continue;
    }
    const auto shorter = std::ranges::find_if(node->tails, [&](const Leaf& leaf) {
      return leaf.message->topic.size() < message.topic.size();
    });
    node->tails.insert(shorter, {&profile, &message});
  }
}

void TopicIndex::Offer(const Leaf& leaf, const TopicLevels& topic,
                       std::vector<TopicMatch>& found) {
  TopicMatch match{leaf.profile, leaf.message, {}};
  if (!leaf.message->topic.Match(topic, match.captures)) return;
  const auto same = [&](const TopicMatch& other) { return other.profile == leaf.profile; };
  if (std::ranges::none_of(found, same)) found.push_back(match);
}

void TopicIndex::Collect(const Node& node, const TopicLevels& topic, std::size_t depth,
                         std::vector<TopicMatch>& found) {
  if (depth == topic.size()) {
    for (const Leaf& leaf : node.leaves) Offer(leaf, topic, found);
    return;
  }
  const auto literal = node.literals.find(topic[depth]);
  if (literal != node.literals.end()) Collect(*literal->second, topic, depth + 1, found);
  for (const auto& [pattern, child] : node.patterns) {
    Captures scratch;
    if (pattern.Match(topic[depth], scratch)) Collect(*child, topic, depth + 1, found);
  }
  for (const Leaf& leaf : node.tails) Offer(leaf, topic, found);
}

void TopicIndex::Find(std::string_view topic, std::vector<TopicMatch>& found) const {
  found.clear();
  const std::optional<TopicLevels> levels = TopicLevels::Split(topic);
  if (levels) Collect(root_, *levels, 0, found);
}

}  // namespace gateway::ingest
