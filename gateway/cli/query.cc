#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "gateway/base/file.h"
#include "gateway/cli/cell_table.h"
#include "gateway/cli/command.h"
#include "gateway/cli/party_folder.h"
#include "gateway/crypto/hash.h"
#include "gateway/federation/asker.h"
#include "gateway/policy/query.h"
#include "gateway/proof/answer_file.h"

namespace gateway::cli {
namespace {

using federation::Coverage;
using federation::Merged;

struct QueryArgs {
  PartyArgs party;
  std::string purpose, metric, rule, zone, bucket, from, until, save;
};

Status Fill(const QueryArgs& args, policy::Question& question) {
  question.purpose = args.purpose;
  question.metric = MetricId(args.metric);
  question.rule = RuleId(args.rule);
  question.zone = ZoneId(args.zone);
  if (!args.bucket.empty()) {
    ASSIGN_OR_RETURN(question.bucket, ParseDuration(args.bucket));
  }
  if (!args.from.empty()) {
    ASSIGN_OR_RETURN(question.from, ParseTime(args.from));
  }
  if (!args.until.empty()) {
    ASSIGN_OR_RETURN(question.until, ParseTime(args.until));
  }
  return OkStatus();
}

struct SignedQuery {
  policy::Query query;
  std::string envelope;
};

StatusOr<SignedQuery> MakeQuery(const QueryArgs& args, const Party& party,
                                const crypto::BoxKey& opener, Time now) {
  policy::Query query;
  query.commons = party.members.roster.commons;
  RETURN_IF_ERROR(Fill(args, query.question));
  query.nonce = crypto::RandomBytes(16);
  query.issued = now;
  query.expires = now + policy::kQueryLifetimeMax;
  query.answer_pk = opener.public_key();
  ASSIGN_OR_RETURN(std::string payload, policy::BuildQuery(query));
  SignedQuery made;
  made.envelope = policy::SignQuery(std::move(payload), party.request);
  // As everybody else reads it, its hash included.
  ASSIGN_OR_RETURN(made.query, policy::ReadQuery(made.envelope));
  return made;
}

Table CellTable(const Merged& merged, bool for_people) {
  Table table{CellColumns(), {}};
  for (const proof::VerifiedCell& verified : merged.cells) {
    table.rows.push_back(CellValues(verified.cell, verified.retracted, for_people));
  }
  return table;
}

Table CoverageTable(const Merged& merged) {
  Table table{{"gateway", "status", "code", "rule"}, {}};
  for (const federation::CoverageRow& row : merged.coverage) {
    table.rows.push_back({row.gateway.value(), std::string(CoverageName(row.status)), row.code,
                          row.rule.empty() ? Value() : Value(row.rule)});
  }
  return table;
}

void PrintNotes(const federation::AskOutcome& outcome) {
  if (!outcome.link.ok()) std::cerr << "note: " << Printable(std::string(Message(outcome.link))) << "\n";
  for (const federation::CoverageRow& row : outcome.merged.coverage) {
    if (row.detail.empty()) continue;
    std::cerr << "note: " << row.gateway.value() << ": " << Printable(row.detail) << "\n";
  }
  if (outcome.merged.strangers > 0) {
    std::cerr << "note: " << outcome.merged.strangers
              << " replies of gateways that the roster does not list were ignored\n";
  }
}

// What the exit code says.
Status Judge(Context& context, const Merged& merged) {
  std::size_t there = 0;
  for (const federation::CoverageRow& row : merged.coverage) {
    if (row.status == Coverage::kAnswered || row.status == Coverage::kSuppressed) ++there;
  }
  if (there == 0) return PermissionDenied("no gateway answered; the coverage says why");
  context.partial = there < merged.coverage.size();
  return OkStatus();
}

Status Query(Context& context, const QueryArgs& args) {
  const Time now = RealClock().SystemNow();
  ASSIGN_OR_RETURN(const Party party, OpenParty(args.party, now));
  std::error_code ignored;
  if (!args.save.empty() && std::filesystem::exists(args.save, ignored)) {
    return AlreadyExists("--save %s: the file is there; a question is asked once", args.save);
  }
  ASSIGN_OR_RETURN(const crypto::BoxKey opener, crypto::BoxKey::Generate());
  ASSIGN_OR_RETURN(SignedQuery made, MakeQuery(args, party, opener, now));
  const policy::Charter& charter = party.members.charter;
  const federation::AskOutcome outcome = federation::Ask(
      party.via, party.tls, made.envelope,
      federation::AskedOf(std::move(made.query), party.members.roster,
                          policy::PublicKeysOf(charter, charter.policy)),
      opener, party.timeout);
  if (!args.save.empty()) {
    RETURN_IF_ERROR(WriteFile(args.save,
                              proof::EncodeAnswerFile({.query = std::move(made.envelope),
                                                       .answers = outcome.merged.envelopes}),
                              FileMode::kPrivate, IfExists::kRefuse));
  }
  context.Print(NamedTables{{"cells", CellTable(outcome.merged, context.format == "table")},
                            {"coverage", CoverageTable(outcome.merged)}});
  PrintNotes(outcome);
  return Judge(context, outcome.merged);
}

Status Catalog(Context& context, const PartyArgs& args) {
  ASSIGN_OR_RETURN(const Party party, OpenParty(args, RealClock().SystemNow()));
  ASSIGN_OR_RETURN(const auto reply, federation::FetchCatalog(party.via, party.tls, party.timeout));
  Table table{{"rule", "metric", "kind", "owner", "unit", "resolution", "stats", "bucket",
               "zone_level", "zones", "purpose", "purpose_iri", "age_min", "k_min", "top1_max_pct",
               "min_count", "top2_max_pct", "round_to", "redistribution"}, {}};
  for (const auto& product : reply.products()) {
    const auto texts = [](const auto& list) {
      return std::vector<std::string>(list.begin(), list.end());
    };
    // A limit of 0 is none: places have no k.
    const auto limit = [](uint64_t value) -> Value {
      if (value == 0) return {};
      return value;
    };
    Value resolution;
    if (product.resolution() != "1") resolution = product.resolution();
    table.rows.push_back({product.rule(), product.metric(), product.kind(), product.owner(),
                          product.unit(), std::move(resolution), texts(product.stats()),
                          product.bucket(), product.zone_level(), texts(product.zones()),
                          product.purpose(), product.purpose_iri(), product.age_min(),
                          limit(product.k_min()), limit(product.top1_max_pct()),
                          limit(product.min_count()), limit(product.top2_max_pct()),
                          limit(product.round_to()), product.redistribution()});
  }
  context.Print(table);
  return OkStatus();
}

}  // namespace

void RegisterQuery(CLI::App& app, Context& context) {
  const std::vector<std::string_view> examples = {
      "commons query --party city-hall --via gw-a --purpose official-stats --rule load-daily "
      "--format csv",
      "commons query --party city-hall --via gw-a --purpose official-stats --metric load "
      "--bucket PT1H --from 2013-01-14T00:00:00Z --until 2013-01-15T00:00:00Z --save answers.bin"};
  auto args = std::make_shared<QueryArgs>();
  CLI::App* query = AddVerb(
      app, "query", "Ask all gateways of a commons one question, and say who did not answer",
      examples, context, [&context, args] { return Query(context, *args); });
  query->footer(Footer(examples) +
                "\n4 some gateways answered, but not all: the coverage says which and why.\n"
                "With --format csv the coverage is on stderr.");
  AddPartyOptions(*query, args->party);
  query->add_option("--purpose", args->purpose, "what the figures are for: an id of the policy")
      ->required()
      ->check(CheckDocumentId);
  query->add_option("--metric", args->metric, "only this metric")->check(CheckDocumentId);
  query->add_option("--rule", args->rule, "only this share rule")->check(CheckDocumentId);
  query->add_option("--zone", args->zone, "only this zone")->check(CheckDocumentId);
  query->add_option("--bucket", args->bucket, "only this bucket length, e.g. PT1H or P1D")
      ->check(CheckDuration);
  query->add_option("--from", args->from, "only cells that end after this time")->check(CheckTime);
  query->add_option("--until", args->until, "only cells that start before this time")
      ->check(CheckTime);
  query->add_option("--save", args->save, "keep question and answers, for `commons verify`");

  auto catalog_args = std::make_shared<PartyArgs>();
  CLI::App* catalog = AddVerb(app, "catalog", "What a gateway's rules let the party ask for",
                              {"commons catalog --party city-hall --via gw-a"}, context,
                              [&context, catalog_args] { return Catalog(context, *catalog_args); });
  AddPartyOptions(*catalog, *catalog_args);
}

}  // namespace gateway::cli
