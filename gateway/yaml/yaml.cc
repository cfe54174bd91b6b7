#include "gateway/yaml/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <sstream>
#include <utility>

namespace gateway::yaml {
namespace {

struct Position {
  int line = 1;
  int column = 1;
};

Status Error(Position at, std::string_view text) {
  return InvalidArgument("line %d column %d: %s", at.line, at.column, text);
}

// The UTF-8 sequence at the start of `rest`: its length, or 0 if it is none (overlong forms,
// surrogates and values above U+10FFFF are none).
std::size_t TakeCodePoint(std::string_view rest, char32_t& point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3
                           : first < 0xf5 ? 4 : 0;
  if (size == 0 || size > rest.size()) return 0;
  static constexpr unsigned char kFirstBits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  point = static_cast<char32_t>(first & kFirstBits[size]);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = (point << 6) | static_cast<char32_t>(byte(i) & 0x3f);
  }
  static constexpr char32_t kFirstPoint[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kFirstPoint[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    return 0;
  }
  return size;
}

// Why a person would not see what the parser sees, or empty.
std::string_view HiddenBecause(char32_t point) {
  if (point == '\t') return "tab; use spaces";
  if (point == '\r') return "carriage return; use line feeds";
  if (point == 0xfeff) return "byte order mark; remove it";
  if ((point < 0x20 && point != '\n') || (point >= 0x7f && point < 0xa0)) {
    return "control character; remove it";
  }
  const bool invisible = (point >= 0x200b && point <= 0x200f) ||  // zero width, direction marks
                         (point >= 0x2028 && point <= 0x202e) ||  // line breaks, overrides
                         (point >= 0x2060 && point <= 0x206f);    // joiners, isolates
  return invisible ? "invisible character; remove it" : "";
}

// The first character that is refused; `at` follows it.
Status CheckCharacters(std::string_view text, Position& at) {
  for (std::string_view rest = text; !rest.empty();) {
    char32_t point = 0;
    const std::size_t size = TakeCodePoint(rest, point);
    if (size == 0) return Error(at, "not UTF-8");
    if (const std::string_view why = HiddenBecause(point); !why.empty()) return Error(at, why);
    rest.remove_prefix(size);
    at = point == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + int(size)};
  }
  return OkStatus();
}

// yaml-cpp closes a quote at the end of input by itself. This comment after the text, with a
// character that the text cannot have, turns up inside such a scalar and gives it away.
constexpr std::string_view kEndMark = "\n#\x01\n";

// Leaves yaml-cpp from inside an event; caught in Parse, never seen outside.
struct Refused {
  Status status;
};

// Builds the tree. Throws Refused.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view source) : source_(source) {}

  Node Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw Refused{Error(At(mark), "second document; a file holds one")};
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw Refused{Error(At(mark), "empty value; write \"\" for an empty text")};
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw Refused{Error(At(mark), "alias; write the value out")};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckProperties(mark, tag, anchor);
    if (value.find("#\x01") != std::string::npos) {
      throw Refused{Error(At(mark), "quote that is never closed")};
    }
    Position inside;
    if (!CheckCharacters(value, inside).ok()) {
      throw Refused{Error(At(mark), "escape for a character that may not stand here")};
    }
    Node node = NewNode(NodeKind::kScalar, mark);
    node.text = value;
    node.quoted = tag == "!";
    Add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    CheckProperties(mark, tag, anchor);
    Open(NewNode(NodeKind::kSequence, mark));
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    CheckProperties(mark, tag, anchor);
    Open(NewNode(NodeKind::kMapping, mark));
  }
  void OnMapEnd() override { Close(); }

 private:
  static Position At(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

  static Node NewNode(NodeKind kind, const YAML::Mark& mark) {
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  // yaml-cpp reports "?" for plain and "!" for quoted scalars, and "!" for a bare "!" tag too:
  // the source tells them apart.
  void CheckProperties(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor) const {
    const auto offset = static_cast<std::size_t>(mark.pos);
    const char first = mark.pos >= 0 && offset < source_.size() ? source_[offset] : '\0';
    if (anchor != 0 || first == '&') throw Refused{Error(At(mark), "anchor; remove it")};
    if ((!tag.empty() && tag != "?" && tag != "!") || first == '!') {
      throw Refused{Error(At(mark), "tag; remove it")};
    }
  }

  bool ExpectsKey() const {
    return !open_.empty() && open_.back().kind == NodeKind::kMapping &&
           open_.back().keys.size() == open_.back().items.size();
  }

  void Open(Node node) {
    const Position at{node.line, node.column};
    if (ExpectsKey()) throw Refused{Error(at, "key that is no plain word")};
    if (open_.size() >= kYamlDepthMax) {
      throw Refused{Error(at, Format("nesting deeper than %d levels", kYamlDepthMax))};
    }
    open_.push_back(std::move(node));
  }

  void Close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    Add(std::move(node));
  }

  void Add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Node& parent = open_.back();
    if (!ExpectsKey()) {
      parent.items.push_back(std::move(node));
      return;
    }
    for (const Node& key : parent.keys) {
      if (key.text == node.text) {
        throw Refused{Error({node.line, node.column},
                            Format("key \"%s\" again; it stands on line %d already", node.text,
                                   key.line))};
      }
    }
    parent.keys.push_back(std::move(node));
  }

  const std::string_view source_;
  bool started_ = false;
  std::vector<Node> open_;  // the mappings and sequences not closed yet, outermost first
  Node root_;
};

}  // namespace

const Node* Node::Find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].text == key) return &items[i];
  }
  return nullptr;
}

Status ErrorAt(const Node& node, std::string_view text) {
  return Error({node.line, node.column}, text);
}

StatusOr<Node> Parse(std::string_view text) {
  Position at;
  if (text.size() > kYamlBytesMax) {
    return Error(at, Format("%d bytes, limit %d", text.size(), kYamlBytesMax));
  }
  RETURN_IF_ERROR(CheckCharacters(text, at));
  std::istringstream stream{std::string(text).append(kEndMark)};
  TreeBuilder builder(text);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return Error({}, "empty document");
    parser.HandleNextDocument(builder);
  } catch (const Refused& refused) {
    return refused.status;
  } catch (const YAML::Exception& error) {
    // The end mark is ours: an error behind the text is at its end.
    const bool inside = !error.mark.is_null() && error.mark.line < at.line;
    return Error(inside ? Position{error.mark.line + 1, error.mark.column + 1} : at, error.msg);
  } catch (const std::exception& error) {
    return Error(at, Format("unreadable: %s", error.what()));
  }
  return builder.Take();
}

}  // namespace gateway::yaml
