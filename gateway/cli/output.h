// Results as people and programs read them: an aligned table, JSON or CSV (RFC 4180). Numbers are
// JSON integers, never strings or floats. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gateway::cli {

enum class OutputFormat { kTable, kJson, kCsv };

// Counts by reason by outcome: {"denied": {"unknown-device": 3}}.
using Tally = std::map<std::string, std::map<std::string, uint64_t>>;

// monostate: there is no value. JSON leaves the key out; tables and CSV leave the field empty.
using Value = std::variant<std::monostate, bool, int64_t, uint64_t, std::string,
                           std::vector<std::string>, Tally>;

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;  // each as long as `columns`
};

// One thing with named fields, in the order they are shown.
using Record = std::vector<std::pair<std::string, Value>>;

// Several tables of one answer, in the order they are shown.
using NamedTables = std::vector<std::pair<std::string, Table>>;

// With '?' for what could move a terminal's cursor: names and other machines' messages are only
// ever shown so.
std::string Printable(std::string text);

// JSON: an array of objects. Table: columns without any value are left out.
std::string Render(const Table& table, OutputFormat format);
// JSON: an object. Table: one "name  value" line per field. CSV: a header and one row.
std::string Render(const Record& record, OutputFormat format);
// JSON: an object of arrays. Otherwise one after the other, with a blank line between.
std::string Render(const NamedTables& tables, OutputFormat format);

}  // namespace gateway::cli
