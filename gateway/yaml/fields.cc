#include "gateway/yaml/fields.h"

#include <algorithm>
#include <charconv>

namespace gateway::yaml {
namespace {

// 0|[1-9][0-9]*
bool IsCanonicalNumber(std::string_view digits) {
  return !digits.empty() && (digits == "0" || digits.front() != '0') &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

template <typename T>
bool ReadNumber(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

const std::vector<Node>& NoNodes() {
  static const std::vector<Node> kNone;
  return kNone;
}

}  // namespace

Fields::Fields(const Node& node, std::string_view what, Status& error)
    : node_(node), what_(what), error_(error), read_(node.keys.size(), false) {
  if (error_.ok() && node.kind != NodeKind::kMapping) {
    error_ = ErrorAt(node, Format("%s: must be a mapping of keys to values", what_));
  }
}

void Fields::FailAt(const Node& node, std::string_view key, std::string_view text) {
  if (error_.ok()) error_ = ErrorAt(node, Format("%s: %s: %s", what_, key, text));
}

void Fields::Fail(std::string_view key, std::string_view text) {
  const Node* value = node_.Find(key);
  FailAt(value == nullptr ? node_ : *value, key, text);
}

const Node* Fields::Child(std::string_view key) {
  if (!error_.ok()) return nullptr;
  for (std::size_t i = 0; i < node_.keys.size(); ++i) {
    if (node_.keys[i].text != key) continue;
    read_[i] = true;
    return &node_.items[i];
  }
  FailAt(node_, key, "missing");
  return nullptr;
}

const Node* Fields::Scalar(std::string_view key) {
  const Node* value = Child(key);
  if (value == nullptr) return nullptr;
  if (value->kind != NodeKind::kScalar) {
    FailAt(*value, key, "must be a single value");
    return nullptr;
  }
  return value;
}

std::string Fields::Text(std::string_view key) {
  const Node* value = Scalar(key);
  if (value == nullptr) return "";
  if (value->text.find('\n') != std::string::npos) {
    FailAt(*value, key, "must be one line");
    return "";
  }
  return value->text;
}

uint64_t Fields::Uint(std::string_view key, uint64_t min, uint64_t max) {
  const Node* value = Scalar(key);
  if (value == nullptr) return min;
  uint64_t number = 0;
  if (value->quoted || !IsCanonicalNumber(value->text)) {
    FailAt(*value, key, "must be a whole number without quotes, sign or leading zeros");
  } else if (!ReadNumber(value->text, number) || number < min || number > max) {
    FailAt(*value, key, Format("%s is outside %d to %d", value->text, min, max));
  } else {
    return number;
  }
  return min;
}

int64_t Fields::Int(std::string_view key, int64_t min, int64_t max) {
  const Node* value = Scalar(key);
  if (value == nullptr) return min;
  std::string_view digits = value->text;
  const bool negative = !digits.empty() && digits.front() == '-';
  if (negative) digits.remove_prefix(1);
  int64_t number = 0;
  if (value->quoted || !IsCanonicalNumber(digits) || (negative && digits == "0")) {
    FailAt(*value, key, "must be a whole number without quotes or leading zeros");
  } else if (!ReadNumber(std::string_view(value->text), number) || number < min || number > max) {
    FailAt(*value, key, Format("%s is outside %d to %d", value->text, min, max));
  } else {
    return number;
  }
  return min;
}

bool Fields::Bool(std::string_view key) {
  const Node* value = Scalar(key);
  if (value == nullptr) return false;
  if (value->quoted || (value->text != "true" && value->text != "false")) {
    FailAt(*value, key, "must be true or false");
    return false;
  }
  return value->text == "true";
}

std::size_t Fields::OneOf(std::string_view key, std::initializer_list<std::string_view> names) {
  const std::string text = Text(key);
  if (!error_.ok()) return 0;
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string all;
  for (const std::string_view name : names) all += Format("%s%s", all.empty() ? "" : ", ", name);
  Fail(key, Format("\"%s\" is not one of: %s", text, all));
  return 0;
}

std::vector<std::string> Fields::Texts(std::string_view key, Empty empty, std::size_t items_max) {
  std::vector<std::string> texts;
  for (const Node& item : Items(key, items_max)) {
    if (item.kind != NodeKind::kScalar || item.text.empty() ||
        item.text.find('\n') != std::string::npos) {
      FailAt(item, key, "each item must be one line of text");
      return {};
    }
    if (std::find(texts.begin(), texts.end(), item.text) != texts.end()) {
      FailAt(item, key, Format("\"%s\" stands here twice", item.text));
      return {};
    }
    texts.push_back(item.text);
  }
  if (error_.ok() && texts.empty() && empty == Empty::kRefused) {
    Fail(key, "empty list; name at least one");
  }
  return texts;
}

const std::vector<Node>& Fields::Items(std::string_view key, std::size_t items_max) {
  const Node* value = Child(key);
  if (value == nullptr) return NoNodes();
  if (value->kind != NodeKind::kSequence) {
    FailAt(*value, key, "must be a list");
    return NoNodes();
  }
  if (value->items.size() > items_max) {
    FailAt(*value, key, Format("%d items, limit %d", value->items.size(), items_max));
    return NoNodes();
  }
  return value->items;
}

void Fields::Finish() {
  for (std::size_t i = 0; i < node_.keys.size(); ++i) {
    if (!read_[i]) FailAt(node_.keys[i], node_.keys[i].text, "unknown key");
  }
}

}  // namespace gateway::yaml
