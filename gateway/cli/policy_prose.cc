// `commons policy prose`: the documents as sentences to read aloud and vote on. Needs no daemon.
#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "gateway/base/file.h"
#include "gateway/cli/command.h"
#include "gateway/cli/policy.h"
#include "gateway/cli/policy_files.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/phrases.h"
#include "gateway/policy/prose.h"
#include "gateway/yaml/yaml.h"

namespace gateway::cli {
namespace {

using policy::DocumentKind;

struct Args {
  std::vector<std::string> files;
  std::string language;
};

// The installed file, or that of the source tree of a program that was not installed.
StatusOr<policy::Phrases> ReadLanguage(const std::string& language) {
  RETURN_IF_ERROR(policy::CheckLanguage(language));
  std::string path = Format("%s/%s.yaml", GATEWAY_PROSE_INSTALLED, language);
  auto text = ReadFile(path, yaml::kYamlBytesMax);
  if (text.status().code() == StatusCode::kNotFound) {
    path = Format("%s/%s.yaml", GATEWAY_PROSE_DIR, language);
    text = ReadFile(path, yaml::kYamlBytesMax);
  }
  if (!text.ok()) return text.status();
  auto phrases = policy::Phrases::Parse(*text, language);
  if (!phrases.ok()) return Annotate(phrases.status(), path);
  return phrases;
}

template <typename T>
Status Take(StatusOr<T> document, std::optional<T>& place, const std::string& path) {
  if (!document.ok()) return Annotate(document.status(), path);
  if (place.has_value()) return InvalidArgument("%s: a second document of its kind", path);
  place = *std::move(document);
  return OkStatus();
}

Status Say(const Context& context, const Args& args) {
  ASSIGN_OR_RETURN(const policy::Phrases phrases, ReadLanguage(args.language));
  std::optional<policy::Charter> charter;
  std::optional<policy::Policy> rules;
  std::optional<policy::Roster> roster;
  for (const std::string& path : args.files) {
    ASSIGN_OR_RETURN(const std::string text, ReadDocumentText(path));
    const auto kind = policy::DetectKind(text);
    if (!kind.ok()) return Annotate(kind.status(), path);
    switch (*kind) {
      case DocumentKind::kCharter:
        RETURN_IF_ERROR(Take(policy::ParseCharter(text), charter, path));
        break;
      case DocumentKind::kPolicy:
        RETURN_IF_ERROR(Take(policy::ParsePolicy(text), rules, path));
        break;
      case DocumentKind::kRoster:
        RETURN_IF_ERROR(Take(policy::ParseRoster(text), roster, path));
        break;
    }
  }
  std::string prose = policy::Prose({.charter = charter ? &*charter : nullptr,
                                     .policy = rules ? &*rules : nullptr,
                                     .roster = roster ? &*roster : nullptr},
                                    phrases);
  if (context.format == "table") {
    std::cout << prose;  // as it is: a document holds nothing that moves a terminal's cursor
  } else {
    context.Print(Record{{"prose", std::move(prose)}});
  }
  return OkStatus();
}

}  // namespace

void RegisterPolicyProse(CLI::App& noun, Context& context) {
  auto args = std::make_shared<Args>();
  CLI::App* prose = AddVerb(
      noun, "prose",
      "Documents as plain sentences, to be read aloud and voted on. Beside the charter a policy "
      "also says where that overrules it, and beside the roster what kind of party a recipient is. "
      "Whether they may take effect is for `commons policy check`. Needs no daemon",
      {"commons policy prose policy.yaml",
       "commons policy prose --lang fr charter.yaml policy.yaml roster.yaml",
       "commons policy prose --lang ca policy.yaml.dsse > reglament.md"},
      context, [&context, args] { return Say(context, *args); });
  prose->add_option("FILE", args->files, "YAML or signed (.dsse), one of a kind, in any order")
      ->required();
  prose->add_option("--lang", args->language, "en, fr, es or ca")->default_val("en");
}

}  // namespace gateway::cli
