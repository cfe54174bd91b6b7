#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>

#include "gateway/base/file.h"
#include "gateway/cli/command.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/secret.h"
#include "gateway/federation/merge.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/gateway_keys.h"
#include "gateway/policy/query.h"
#include "gateway/proof/answer_file.h"

namespace gateway::cli {
namespace {

constexpr std::size_t kKeysBytesMax = 4096;

struct Args {
  std::string file, charter;
  std::vector<std::string> keys;
};

StatusOr<federation::Asked> ReadAsked(const Args& args, const proof::AnswerFile& file) {
  federation::Asked asked;
  StatusOr<policy::Query> query = policy::ReadQuery(file.query);
  if (!query.ok()) return Annotate(query.status(), args.file);
  asked.query = *std::move(query);
  for (const std::string& path : args.keys) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kKeysBytesMax));
    StatusOr<policy::GatewayKeys> keys = policy::ParseGatewayKeys(text);
    if (!keys.ok()) return Annotate(keys.status(), path);
    asked.gateways.push_back({.gateway = keys->id, .sign = keys->sign, .log = keys->log});
  }
  if (args.charter.empty()) return asked;
  ASSIGN_OR_RETURN(const std::string envelope, ReadFile(args.charter, crypto::kEnvelopeBytesMax));
  StatusOr<policy::Charter> charter = policy::VerifyCharter(envelope);
  if (!charter.ok()) return Annotate(charter.status(), args.charter);
  asked.stewards = policy::PublicKeysOf(*charter, charter->policy);
  return asked;
}

// The first row that says that something is wrong, after every answer alone was right.
Status FirstCutOff(const federation::Merged& merged) {
  for (const federation::CoverageRow& row : merged.coverage) {
    if (row.code == "CUT_OFF") {
      return DataLoss("CUT_OFF: gateway \"%s\": parts of its answer are missing",
                      row.gateway.value());
    }
  }
  return OkStatus();
}

Table TableOf(const federation::Merged& merged) {
  Table table{{"gateway", "cells", "retracted", "log_size", "result", "code"}, {}};
  for (const federation::CoverageRow& row : merged.coverage) {
    uint64_t retracted = 0;
    for (const proof::VerifiedCell& verified : merged.cells) {
      if (verified.cell.gateway == row.gateway && !verified.retracted.empty()) ++retracted;
    }
    table.rows.push_back({row.gateway.value(), uint64_t{row.cells}, retracted,
                          row.log_size == 0 ? Value() : Value(row.log_size),
                          std::string(CoverageName(row.status)), row.code});
  }
  return table;
}

Status Verify(Context& context, const Args& args) {
  RETURN_IF_ERROR(crypto::InitCrypto());
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(args.file, proof::kAnswerFileBytesMax));
  StatusOr<proof::AnswerFile> file = proof::DecodeAnswerFile(bytes);
  if (!file.ok()) return Annotate(file.status(), args.file);
  ASSIGN_OR_RETURN(federation::Asked asked, ReadAsked(args, *file));
  federation::Merge merge(std::move(asked));
  Status wrong;
  for (std::size_t i = 0; i < file->answers.size(); ++i) {
    const Status status = merge.AddAnswer(file->answers[i], "");
    if (wrong.ok() && !status.ok()) {
      wrong = Annotate(status, Format("%s: answer %d", args.file, i + 1));
    }
  }
  const federation::Merged merged = std::move(merge).Finish(false);
  if (wrong.ok()) wrong = Annotate(FirstCutOff(merged), args.file);
  context.Print(TableOf(merged));
  // Somebody may have left an answer out.
  context.partial = std::ranges::any_of(merged.coverage, [](const auto& row) {
    return row.status == federation::Coverage::kMissing;
  });
  return wrong;
}

}  // namespace

void RegisterVerify(CLI::App& app, Context& context) {
  auto args = std::make_shared<Args>();
  const std::vector<std::string_view> examples = {
      "commons verify answers.bin --keys gw-a.pub gw-b.pub --charter charter.dsse"};
  CLI::App* verify = AddVerb(
      app, "verify",
      "Check the gateways' signatures and every cell, nonce and proof of kept answers, offline",
      examples, context, [&context, args] { return Verify(context, *args); });
  verify->footer(Footer(examples) +
                 "\n4 all that is there is good, but a gateway has no answer in the file.");
  verify->add_option("FILE", args->file, "what `commons query --save` wrote")
      ->required()
      ->expected(1);
  verify->add_option("--keys", args->keys, "the gateways' key files, of `commons gateway keys`")
      ->required();
  verify->add_option("--charter", args->charter,
                     "the signed charter: without it no retraction is believed");
}

}  // namespace gateway::cli
