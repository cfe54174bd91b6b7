#include "gateway/cli/output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace gateway::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ToJson {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(const Tally& tally) const {
    Json json = Json::object();
    for (const auto& [outcome, reasons] : tally) {
      json[outcome] = Json::object();
      for (const auto& [reason, count] : reasons) json[outcome][reason] = count;
    }
    return json;
  }
  template <typename T>
  Json operator()(const T& value) const {
    return value;
  }
};

struct ToText {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(uint64_t value) const { return std::to_string(value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<std::string>& values) const {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "" : " ") + value;
    return text;
  }
  std::string operator()(const Tally& tally) const {
    std::string text;
    for (const auto& [outcome, reasons] : tally) {
      for (const auto& [reason, count] : reasons) {
        text += (text.empty() ? "" : " ") + outcome + ":" + reason + "=" + std::to_string(count);
      }
    }
    return text;
  }
};

std::string Text(const Value& value) { return std::visit(ToText(), value); }

bool IsNumber(const Value& value) {
  return std::holds_alternative<int64_t>(value) || std::holds_alternative<uint64_t>(value);
}

// Code points, near enough to columns for the names that people give here.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json ObjectOf(const std::vector<std::string>& names, const std::vector<Value>& values) {
  Json object = Json::object();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!std::holds_alternative<std::monostate>(values[i])) {
      object[names[i]] = std::visit(ToJson(), values[i]);
    }
  }
  return object;
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string CsvLine(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i == 0 ? "" : ",") + CsvField(fields[i]);
  return line + "\r\n";
}

std::string RenderCsv(const Table& table) {
  std::string text = CsvLine(table.columns);
  for (const auto& row : table.rows) {
    std::vector<std::string> fields(row.size());
    std::transform(row.begin(), row.end(), fields.begin(), Text);
    text += CsvLine(fields);
  }
  return text;
}

std::string RenderColumns(const Table& table) {
  std::vector<std::string> lines(table.rows.size() + 1);
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::vector<std::string> texts = {table.columns[column]};
    bool any = table.rows.empty();
    bool numbers = true;
    for (const auto& row : table.rows) {
      const Value& value = row[column];
      const bool absent = std::holds_alternative<std::monostate>(value);
      any = any || !absent;
      numbers = numbers && (absent || IsNumber(value));
      texts.push_back(absent ? "-" : Printable(Text(value)));
    }
    if (!any) continue;
    std::size_t width = 0;
    for (const std::string& text : texts) width = std::max(width, Width(text));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string padding(width - Width(texts[i]), ' ');
      lines[i] += (lines[i].empty() ? "" : "  ") +
                  (numbers && !table.rows.empty() ? padding + texts[i] : texts[i] + padding);
    }
  }
  std::string text;
  for (const std::string& line : lines) {
    const std::size_t end = line.find_last_not_of(' ');
    text += line.substr(0, end == std::string::npos ? 0 : end + 1) + "\n";
  }
  return text;
}

// Reasons get a line each: they are what an operator looks for.
std::vector<std::pair<std::string, std::string>> Lines(const Record& record) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& [name, value] : record) {
    if (const auto* tally = std::get_if<Tally>(&value)) {
      for (const auto& [outcome, reasons] : *tally) {
        for (const auto& [reason, count] : reasons) {
          lines.emplace_back("  " + outcome + ": " + reason, std::to_string(count));
        }
      }
    } else if (!std::holds_alternative<std::monostate>(value)) {
      lines.emplace_back(name, Text(value));
    }
  }
  return lines;
}

Json ArrayOf(const Table& table) {
  Json array = Json::array();
  for (const auto& row : table.rows) array.push_back(ObjectOf(table.columns, row));
  return array;
}

}  // namespace

std::string Printable(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool latin1_control = byte == 0xc2 && i + 1 < text.size() &&
                                static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (latin1_control) text.erase(i, 1);
    if (byte < 0x20 || byte == 0x7f || latin1_control) text[i] = '?';
  }
  return text;
}

std::string Render(const Table& table, OutputFormat format) {
  if (format == OutputFormat::kCsv) return RenderCsv(table);
  if (format == OutputFormat::kTable) return RenderColumns(table);
  return Dump(ArrayOf(table));
}

std::string Render(const NamedTables& tables, OutputFormat format) {
  if (format == OutputFormat::kJson) {
    Json object = Json::object();
    for (const auto& [name, table] : tables) object[name] = ArrayOf(table);
    return Dump(object);
  }
  std::string text;
  for (const auto& [name, table] : tables) {
    // A person needs no heading over nothing; a program reads the header.
    if (format == OutputFormat::kTable && table.rows.empty()) continue;
    text += (text.empty() ? "" : "\n") + Render(table, format);
  }
  return text;
}

std::string Render(const Record& record, OutputFormat format) {
  Table table;
  table.rows.emplace_back();
  for (const auto& [name, value] : record) {
    table.columns.push_back(name);
    table.rows[0].push_back(value);
  }
  if (format == OutputFormat::kCsv) return RenderCsv(table);
  if (format == OutputFormat::kJson) return Dump(ObjectOf(table.columns, table.rows[0]));
  const auto lines = Lines(record);
  std::size_t width = 0;
  for (const auto& [name, value] : lines) width = std::max(width, Width(name));
  std::string text;
  for (const auto& [name, value] : lines) {
    text += Printable(name) + std::string(width - Width(name) + 2, ' ') + Printable(value) + "\n";
  }
  return text;
}

}  // namespace gateway::cli
