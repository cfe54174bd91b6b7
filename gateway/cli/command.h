// What every command is made of. A noun's Register… function adds its verbs to the parser; the
// verb that the user typed leaves its action in the Context, and Run carries it out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/cli/output.h"
#include "gateway/crypto/sign.h"
#include "gateway/model/time.h"

namespace CLI {
class App;
}  // namespace CLI

namespace gateway::cli {

struct Context {
  std::string dir;
  std::string format = "table";  // checked by the parser
  bool unreachable = false;      // set by Client: decides the exit code
  bool partial = false;          // set by `query` and `verify`: likewise
  bool looser = false;           // set by `policy compare`: likewise
  std::function<Status()> action;

  // Writes to stdout in the chosen format.
  void Print(const Table& table) const;
  void Print(const Record& record) const;
  // As CSV, which has no way to tell tables apart, only the first; the others go to stderr.
  void Print(const NamedTables& tables) const;
  // A record of one field; as a table just its value, so that scripts can take it as it is.
  void PrintValue(std::string_view name, const std::string& value) const;
};

// "Examples:" with one command per line, then the exit codes: the end of every --help.
std::string Footer(const std::vector<std::string_view>& examples);

CLI::App* AddNoun(CLI::App& parent, const std::string& name, const std::string& description,
                  std::string_view example);

// The arguments live as long as the verb: `Args` is a struct of what the options write into.
CLI::App* AddVerb(CLI::App& noun, const std::string& name, const std::string& description,
                  const std::vector<std::string_view>& examples, Context& context,
                  std::function<Status()> action);

// Parser checks: "" or why the text is refused.
std::string CheckTime(const std::string& text);
std::string CheckDuration(const std::string& text);
std::string CheckDocumentId(const std::string& text);

// Reads a key file of `resident keygen`. Prepares the cryptography first.
StatusOr<crypto::Signer> ReadSigner(const std::string& path);

// Adds one noun each.
void RegisterInit(CLI::App& app, Context& context);
void RegisterHousehold(CLI::App& app, Context& context);
void RegisterPlace(CLI::App& app, Context& context);
void RegisterDevice(CLI::App& app, Context& context);
void RegisterBroker(CLI::App& app, Context& context);
void RegisterResident(CLI::App& app, Context& context);
void RegisterGrant(CLI::App& app, Context& context);
void RegisterPolicy(CLI::App& app, Context& context);
void RegisterCell(CLI::App& app, Context& context);
void RegisterStatus(CLI::App& app, Context& context);  // clock, status
void RegisterGateway(CLI::App& app, Context& context);
void RegisterParty(CLI::App& app, Context& context);
void RegisterQuery(CLI::App& app, Context& context);  // query, catalog
void RegisterVerify(CLI::App& app, Context& context);
void RegisterPeer(CLI::App& app, Context& context);
void RegisterStore(CLI::App& app, Context& context);
void RegisterRetract(CLI::App& app, Context& context);  // after RegisterCell: its verb
void RegisterKey(CLI::App& app, Context& context);
void RegisterUnlock(CLI::App& app, Context& context);
void RegisterBackup(CLI::App& app, Context& context);
void RegisterQuarantine(CLI::App& app, Context& context);
void RegisterProfile(CLI::App& app, Context& context);

}  // namespace gateway::cli
