#include "gateway/cli/command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "gateway/base/file.h"
#include "gateway/crypto/secret.h"
#include "gateway/model/ids.h"

namespace gateway::cli {
namespace {

constexpr std::size_t kKeyFileBytesMax = 4096;

OutputFormat FormatOf(const std::string& name) {
  if (name == "json") return OutputFormat::kJson;
  return name == "csv" ? OutputFormat::kCsv : OutputFormat::kTable;
}

void PrintText(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

template <typename T>
std::string Why(const StatusOr<T>& parsed) {
  return parsed.ok() ? std::string() : std::string(Message(parsed.status()));
}

}  // namespace

void Context::Print(const Table& table) const { PrintText(Render(table, FormatOf(format))); }
void Context::Print(const NamedTables& tables) const {
  if (FormatOf(format) != OutputFormat::kCsv) return PrintText(Render(tables, FormatOf(format)));
  for (std::size_t i = 0; i < tables.size(); ++i) {
    (i == 0 ? std::cout : std::cerr) << Render(tables[i].second, OutputFormat::kCsv);
  }
}
void Context::Print(const Record& record) const { PrintText(Render(record, FormatOf(format))); }

void Context::PrintValue(std::string_view name, const std::string& value) const {
  if (FormatOf(format) == OutputFormat::kTable) {
    PrintText(value + "\n");
  } else {
    Print(Record{{std::string(name), value}});
  }
}

std::string Footer(const std::vector<std::string_view>& examples) {
  std::string text = examples.size() == 1 ? "Example:\n" : "Examples:\n";
  for (const std::string_view example : examples) text += Format("  %s\n", example);
  return text +
         "\nExit codes: 0 done, 1 refused or failed (reason on stderr), 2 wrong usage,\n"
         "3 the daemon is not reachable.";
}

CLI::App* AddNoun(CLI::App& parent, const std::string& name, const std::string& description,
                  std::string_view example) {
  CLI::App* noun = parent.add_subcommand(name, description);
  noun->require_subcommand(1);
  noun->footer(Footer({example}));
  return noun;
}

CLI::App* AddVerb(CLI::App& noun, const std::string& name, const std::string& description,
                  const std::vector<std::string_view>& examples, Context& context,
                  std::function<Status()> action) {
  CLI::App* verb = noun.add_subcommand(name, description);
  verb->footer(Footer(examples));
  verb->callback([&context, action = std::move(action)] { context.action = action; });
  return verb;
}

std::string CheckTime(const std::string& text) { return Why(ParseTime(text)); }
std::string CheckDuration(const std::string& text) { return Why(ParseDuration(text)); }
std::string CheckDocumentId(const std::string& text) {
  if (IsDocumentId(text)) return {};
  return "\"" + text + "\": an id is a lower-case letter, then at most 47 of a-z, 0-9 and '-'";
}

StatusOr<crypto::Signer> ReadSigner(const std::string& path) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  ASSIGN_OR_RETURN(std::string text, gateway::ReadFile(path, kKeyFileBytesMax));
  StatusOr<crypto::Signer> signer = crypto::Signer::FromKeyFile(text);
  crypto::Wipe(text.data(), text.size());
  if (!signer.ok()) return Annotate(signer.status(), path);
  return signer;
}

}  // namespace gateway::cli
