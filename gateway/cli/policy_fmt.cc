// `commons policy fmt`: the one layout of documents and cases. Needs no daemon.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "gateway/base/file.h"
#include "gateway/cli/command.h"
#include "gateway/cli/policy.h"
#include "gateway/policy/format.h"
#include "gateway/yaml/yaml.h"

namespace gateway::cli {
namespace {

struct Args {
  std::vector<std::string> files;
  bool check = false;
};

struct Layout {
  std::string file, text;
  bool changes = false;
};

StatusOr<Layout> LayOut(const std::string& file) {
  if (file.ends_with(".dsse")) {
    return InvalidArgument("%s: is signed; other bytes would be another document", file);
  }
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file, yaml::kYamlBytesMax));
  auto formatted = policy::FormatDocument(text);
  if (!formatted.ok()) return Annotate(formatted.status(), file);
  Layout layout{file, *std::move(formatted), false};
  layout.changes = layout.text != text;
  // Stewards who sign the file after others did would sign another text than they.
  if (layout.changes && std::filesystem::exists(file + ".dsse")) {
    return FailedPrecondition("%s: %s.dsse holds signatures of it as it is; move them away, or leave "
                              "the text alone", file, file);
  }
  return layout;
}

Status Fmt(Context& context, const Args& args) {
  std::vector<Layout> layouts;  // nothing is written unless everything can be
  for (const std::string& file : args.files) {
    ASSIGN_OR_RETURN(Layout layout, LayOut(file));
    layouts.push_back(std::move(layout));
  }
  Table table{{"file", "layout"}, {}};
  std::size_t changes = 0;
  for (const Layout& layout : layouts) {
    if (layout.changes) ++changes;
    if (layout.changes && !args.check) {
      RETURN_IF_ERROR(
          WriteFile(layout.file, layout.text, FileMode::kShared, IfExists::kReplace));
    }
    table.rows.push_back({layout.file, std::string(!layout.changes ? "good"
                                                   : args.check    ? "DIFFERS"
                                                                   : "changed")});
  }
  context.Print(table);
  if (!args.check || changes == 0) return OkStatus();
  return FailedPrecondition("fmt: %d of %d files are laid out differently; run it without --check",
                            changes, layouts.size());
}

}  // namespace

void RegisterPolicyFmt(CLI::App& noun, Context& context) {
  auto args = std::make_shared<Args>();
  CLI::App* fmt = AddVerb(
      noun, "fmt",
      "Lay out charters, policies, rosters and cases in the one way that all of them have. What they "
      "say, their comments and the order of their keys stay. Needs no daemon",
      {"commons policy fmt policy.yaml cases.yaml", "commons policy fmt --check policy.yaml"},
      context, [&context, args] { return Fmt(context, *args); });
  fmt->add_option("FILE", args->files, "YAML; nothing that is signed")->required();
  fmt->add_flag("--check", args->check, "change nothing; exit 1 if a file would change");
}

}  // namespace gateway::cli
