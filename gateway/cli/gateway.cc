#include <CLI/CLI.hpp>

#include "gateway/base/file.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/crypto/x509.h"
#include "gateway/policy/gateway_keys.h"

namespace gateway::cli {
namespace {

using Stub = Client::Stub;

struct KeysArgs {
  std::string out;
};

Status ShowKeys(Context& context, const KeysArgs& args) {
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  ASSIGN_OR_RETURN(const auto reply, client->Call(&Stub::GetKeys, commons::v1::GetKeysRequest()));
  if (!args.out.empty()) {
    const std::string line = policy::FormatGatewayKeys({.id = GatewayId(reply.gateway()),
                                                        .tls = reply.tls(),
                                                        .sign = reply.sign(),
                                                        .log = reply.log()});
    RETURN_IF_ERROR(WriteFile(args.out, line, FileMode::kShared, IfExists::kRefuse));
  }
  context.Print(Record{{"gateway", reply.gateway()},
                       {"tls", crypto::FormatPin(reply.tls())},
                       {"sign", crypto::FormatPublicKey(reply.sign())},
                       {"log", crypto::FormatPublicKey(reply.log())}});
  return OkStatus();
}

}  // namespace

void RegisterGateway(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "gateway", "This gateway as others know it",
                           "commons gateway keys --out gw-a.pub");
  auto args = std::make_shared<KeysArgs>();
  CLI::App* keys = AddVerb(*noun, "keys",
                           "The gateway's public keys, for the roster and for `commons verify`",
                           {"commons gateway keys", "commons gateway keys --out gw-a.pub"}, context,
                           [&context, args] { return ShowKeys(context, *args); });
  keys->add_option("--out", args->out, "also write them to this new file, one line");
}

}  // namespace gateway::cli
