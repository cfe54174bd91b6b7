#include <CLI/CLI.hpp>

#include "gateway/cli/command.h"
#include "gateway/cli/party_folder.h"
#include "gateway/crypto/x509.h"

namespace gateway::cli {
namespace {

struct Args {
  std::string out;
};

Status Init(Context& context, const Args& args) {
  crypto::TlsIdentity tls;
  std::string request_key;
  RETURN_IF_ERROR(MakePartyKeys(args.out, tls, request_key));
  context.Print(Record{{"tls", crypto::FormatPin(tls.pin)},
                       {"request", crypto::FormatPublicKey(request_key)}});
  return OkStatus();
}

}  // namespace

void RegisterParty(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "party", "On the machine of a party that asks; needs no daemon",
                           "commons party init --out city-hall");
  auto args = std::make_shared<Args>();
  CLI::App* init = AddVerb(
      *noun, "init", "Make a party's keys; prints what the roster has to list for it",
      {"commons party init --out city-hall"}, context,
      [&context, args] { return Init(context, *args); });
  init->add_option("--out", args->out,
                   "folder to make: request.key signs questions, tls.key and tls.crt connect")
      ->required();
}

}  // namespace gateway::cli
