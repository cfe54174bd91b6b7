#include "gateway/policy/format.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "gateway/policy/format_source.h"
#include "gateway/yaml/yaml.h"

namespace gateway::policy {
namespace {

using yaml::Node;
using yaml::NodeKind;

std::size_t Width(std::string_view text) {  // in characters
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string Scalar(const Node& node) {
  if (!node.quoted) return node.text;
  if (node.text.find_first_of("\"\\") == std::string::npos) return "\"" + node.text + "\"";
  std::string quoted = "'";
  for (const char c : node.text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

// A node on one line, {…} or […] if it is a collection.
std::string Inline(const Node& node) {
  if (node.kind == NodeKind::kScalar) return Scalar(node);
  std::string text(1, node.kind == NodeKind::kMapping ? '{' : '[');
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (i > 0) text += ", ";
    if (node.kind == NodeKind::kMapping) text += Scalar(node.keys[i]) + ": ";
    text += Inline(node.items[i]);
  }
  return text + (node.kind == NodeKind::kMapping ? '}' : ']');
}

// A collection over as many lines as it needs, begun where a line stands.
class FlowWriter {
 public:
  explicit FlowWriter(std::string line) { lines_.push_back(std::move(line)); }

  // `tail` characters have to follow it on its last line.
  void Write(const Node& node, std::size_t tail) {
    const std::string whole = Inline(node);
    if (node.items.empty() || node.kind == NodeKind::kScalar || HasRoom(whole, tail)) {
      lines_.back() += whole;
      return;
    }
    const bool mapping = node.kind == NodeKind::kMapping;
    lines_.back() += mapping ? '{' : '[';
    const std::size_t indent = Width(lines_.back());
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const bool last = i + 1 == node.items.size();
      const std::size_t after = last ? 1 + tail : 1;
      const std::string key = mapping ? Scalar(node.keys[i]) + ": " : "";
      if (i > 0 && HasRoom(" " + key + Inline(node.items[i]), after)) {
        lines_.back() += ' ';
      } else if (i > 0) {
        lines_.emplace_back(indent, ' ');
      }
      lines_.back() += key;
      Write(node.items[i], after);
      if (!last) lines_.back() += ',';
    }
    lines_.back() += mapping ? '}' : ']';
  }

  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  bool HasRoom(std::string_view text, std::size_t tail) const {
    return Width(lines_.back()) + Width(text) + tail <= kFormatColumns;
  }

  std::vector<std::string> lines_;
};

class Formatter {
 public:
  explicit Formatter(const FormatSource& source) : source_(source) {}

  std::string Run(const Node& root) {
    if (IsInline(root, false)) {
      Write(root, nullptr, "");
    } else {
      WriteBlock(root, 0, "", false);
    }
    open_ = {{}};
    begin_ = 0;
    WriteComments(source_.size());
    return Text();
  }

 private:
  struct Line {
    std::string text;     // empty: a blank line
    std::string comment;  // behind it
  };
  // A block, by the columns where it begins in the source and in what is written.
  struct Level {
    std::size_t source = 0;
    std::size_t written = 0;
    std::size_t bracket = 0;  // where its closing one ends, if it had brackets
  };

  bool IsInline(const Node& node, bool in_flow) const {
    if (node.items.empty()) return true;  // a scalar, too
    return (in_flow || source_.IsFlow(node)) && !source_.HasComment(node);
  }

  // `lead` is what stands on the first line before it, indentation included.
  void WriteBlock(const Node& node, std::size_t indent, std::string lead, bool in_flow) {
    const bool mapping = node.kind == NodeKind::kMapping;
    in_flow = in_flow || source_.IsFlow(node);
    const Node& first = mapping ? node.keys.front() : node.items.front();
    open_.push_back({static_cast<std::size_t>((in_flow ? first : node).column - 1), indent,
                     in_flow ? source_.End(node) : 0});
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (i > 0 || lead.empty()) lead.assign(indent, ' ');
      const Node& item = node.items[i];
      const bool is_inline = IsInline(item, in_flow);
      if (!mapping) {
        lead += "- ";
        is_inline ? Write(item, nullptr, lead) : WriteBlock(item, indent + 2, lead, in_flow);
        continue;
      }
      lead += Scalar(node.keys[i]) + ":";
      if (is_inline) {
        Write(item, &node.keys[i], lead + " ");
      } else {
        Write(node.keys[i], nullptr, std::move(lead), true);
        WriteBlock(item, indent + 2, "", in_flow);
      }
    }
    open_.pop_back();
  }

  // One entry that needs no block: an item, or a key and its value. `is_key`: `lead` says it all.
  void Write(const Node& node, const Node* key, std::string lead, bool is_key = false) {
    const std::size_t end = source_.End(node);
    begin_ = lead.find_first_not_of(' ');
    WriteComments(end);
    WriteBlank(key == nullptr ? node.line : key->line);
    FlowWriter flow(std::move(lead));
    if (!is_key) flow.Write(node, 0);
    for (std::string& line : flow.Take()) lines_.push_back({std::move(line), ""});
    read_line_ = entry_line_ = source_.LineAt(end);
    before_ = open_;
  }

  // Those of the source before `end` that are not written yet. What stands inside an entry is
  // written before it.
  void WriteComments(std::size_t end) {
    for (; comments_ < source_.comments().size(); ++comments_) {
      const FormatComment& comment = source_.comments()[comments_];
      if (comment.offset >= end) return;
      if (comment.line == entry_line_) {
        lines_.back().comment = comment.text;
      } else {
        WriteBlank(comment.line);
        lines_.push_back({std::string(ColumnOf(comment), ' ') + comment.text, ""});
      }
      read_line_ = comment.line;
    }
  }

  void WriteBlank(int line) {
    if (!lines_.empty() && line - 1 > read_line_ && source_.IsBlank(line - 1)) lines_.push_back({});
  }

  // The column of the innermost block that a comment's own column belongs to, of the blocks that end
  // or begin there.
  std::size_t ColumnOf(const FormatComment& comment) const {
    Level found;
    const auto look = [&](const Level& level) {
      if (comment.offset < level.bracket) {
        found = {comment.column, level.written};
      } else if (level.source <= comment.column && level.source >= found.source) {
        found = level;
      }
    };
    std::for_each(before_.begin(), before_.end(), look);
    for (const Level& level : open_) {
      if (level.written <= begin_) look(level);  // The others begin on the line that follows.
    }
    return found.written;
  }

  std::string Text() const {
    std::string text;
    std::size_t column = 0;  // of the comments of neighbouring lines
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      text += lines_[i].text;
      if (!lines_[i].comment.empty()) {
        if (i == 0 || lines_[i - 1].comment.empty()) column = CommentColumn(i);
        text.append(column - Width(lines_[i].text), ' ');
        text += lines_[i].comment;
      }
      text += '\n';
    }
    return text;
  }

  std::size_t CommentColumn(std::size_t line) const {
    std::size_t widest = 0;
    for (; line < lines_.size() && !lines_[line].comment.empty(); ++line) {
      widest = std::max(widest, Width(lines_[line].text));
    }
    return widest + 2;
  }

  const FormatSource& source_;
  std::vector<Line> lines_;
  std::size_t comments_ = 0;   // written so far
  int read_line_ = 0;          // of the source: the last one that is written
  int entry_line_ = 0;         // of the source: where the last entry ends
  std::size_t begin_ = 0;      // the indentation of the line that comes next
  std::vector<Level> open_;    // blocks around what is being written, outermost first
  std::vector<Level> before_;  // those around the last entry
};

bool SaysTheSame(const Node& a, const Node& b) {
  return a.kind == b.kind && a.text == b.text && a.quoted == b.quoted &&
         std::equal(a.keys.begin(), a.keys.end(), b.keys.begin(), b.keys.end(), SaysTheSame) &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), SaysTheSame);
}

}  // namespace

StatusOr<std::string> FormatDocument(std::string_view yaml) {
  ASSIGN_OR_RETURN(const Node root, yaml::Parse(yaml));
  ASSIGN_OR_RETURN(const FormatSource source, FormatSource::Read(yaml, root));
  std::string text = Formatter(source).Run(root);
  // Nobody should have to trust the above with a text that is about to be signed.
  const StatusOr<Node> again = yaml::Parse(text);
  if (!again.ok() || !SaysTheSame(root, *again)) {
    return Internal("fmt: the result would say something else than the text; nothing was changed");
  }
  return text;
}

}  // namespace gateway::policy
