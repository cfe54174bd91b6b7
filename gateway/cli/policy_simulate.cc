#include <CLI/CLI.hpp>
#include <iostream>

#include "gateway/base/file.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/policy.h"
#include "gateway/cli/progress.h"
#include "gateway/crypto/dsse.h"

namespace gateway::cli {
namespace {

struct Args {
  std::string file, since = "P28D";
};

Status Simulate(Context& context, const Args& args) {
  commons::v1::SimulatePolicyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_proposal(), ReadFile(args.file, crypto::kEnvelopeBytesMax));
  ASSIGN_OR_RETURN(const Millis since, ParseDuration(args.since));
  request.set_since_s(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since).count()));
  ASSIGN_OR_RETURN(auto client, Client::Connect(context));
  commons::v1::SimulatePolicyReply last;
  {
    ProgressLine line;
    RETURN_IF_ERROR(client->Stream(&Client::Stub::SimulatePolicy, request,
                                   [&](const commons::v1::SimulatePolicyReply& reply) {
                                     line.Show(reply.done(), reply.total());
                                     last = reply;
                                     return OkStatus();
                                   }));
  }
  Table table{{"rule", "week", "released", "suppressed", "refused"}, {}};
  for (const auto& week : last.weeks()) {
    table.rows.push_back({week.rule(), week.week(), uint64_t{week.released()},
                          uint64_t{week.suppressed()}, uint64_t{week.refused()}});
  }
  context.Print(table);
  for (const std::string& metric : last.left_out()) {
    std::cerr << "metric \"" << metric
              << "\" means something else in the proposal: what is stored of it is left out\n";
  }
  return OkStatus();
}

}  // namespace

void RegisterPolicySimulate(CLI::App& noun, Context& context) {
  auto args = std::make_shared<Args>();
  CLI::App* simulate = AddVerb(
      noun, "simulate",
      "How many cells a signed proposal would have released, suppressed or refused; changes nothing",
      {"commons policy simulate policy-2.dsse --since P28D"}, context,
      [&context, args] { return Simulate(context, *args); });
  simulate->add_option("PROPOSAL", args->file, "a policy's envelope, signed by a steward")
      ->required();
  simulate->add_option("--since", args->since, "how far back, at most P92D")->capture_default_str();
}

}  // namespace gateway::cli
