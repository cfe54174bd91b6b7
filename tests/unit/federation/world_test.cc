// Whole questions: gateways that decide, answer and pass on, and a city that merges. What each test
// claims is what the city is told of every gateway, and that no cell counts twice.
#include "tests/unit/federation/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "gateway/crypto/dsse.h"
#include "gateway/crypto/hash.h"
#include "gateway/model/limits.h"
#include "gateway/proof/cell_bytes.h"

namespace gateway::federation {
namespace {

using commons::v1::QueryReply;
using commons::v1::QueryRequest;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::PeerScript;

std::set<std::string> Distinct(const Merged& merged) {
  std::set<std::string> cells;
  for (const proof::VerifiedCell& verified : merged.cells) {
    cells.insert(proof::EncodeCell(verified.cell));
  }
  EXPECT_EQ(cells.size(), merged.cells.size()) << "a cell counts twice";
  return cells;
}


// A hub with four gateways behind it.
const std::map<std::string, std::vector<std::string>> kStar = {
    {"gw-a", {"gw-b", "gw-c", "gw-d", "gw-e"}},
    {"gw-b", {"gw-a"}},
    {"gw-c", {"gw-a"}},
    {"gw-d", {"gw-a"}},
    {"gw-e", {"gw-a"}}};

TEST(WorldTest, OneQuestionIsAnsweredByAll) {
  World world({{"gw-a", {"gw-b", "gw-c"}}, {"gw-b", {"gw-a", "gw-c"}}, {"gw-c", {"gw-a", "gw-b"}}});
  const Merged merged = world.AskAll("gw-b");
  EXPECT_EQ(Told(merged), "gw-a answered OK 2, gw-b answered OK 2, gw-c answered OK 2");
  EXPECT_EQ(Distinct(merged).size(), 6u);
}

TEST(WorldTest, CyclesAndDiamondsCountEachGatewayOnce) {
  World cycle({{"gw-a", {"gw-b"}}, {"gw-b", {"gw-c"}}, {"gw-c", {"gw-a"}}});
  const Merged round = cycle.AskAll("gw-a");
  EXPECT_EQ(Told(round), "gw-a answered OK 2, gw-b answered OK 2, gw-c answered OK 2");
  EXPECT_EQ(Distinct(round).size(), 6u);

  World diamond({{"gw-a", {"gw-b", "gw-c"}}, {"gw-b", {"gw-d"}}, {"gw-c", {"gw-d"}},
                 {"gw-d", {"gw-a"}}});
  const Merged both = diamond.AskAll("gw-a");
  EXPECT_EQ(Told(both),
            "gw-a answered OK 2, gw-b answered OK 2, gw-c answered OK 2, gw-d answered OK 2");
  EXPECT_EQ(Distinct(both).size(), 8u);
}

TEST(WorldTest, HopsAreBounded) {
  World line({{"gw-a", {"gw-b"}}, {"gw-b", {"gw-c"}}, {"gw-c", {"gw-d"}}, {"gw-d", {"gw-e"}},
              {"gw-e", {"gw-f"}}, {"gw-f", {}}});
  EXPECT_EQ(Told(line.AskAll("gw-a", "official-stats", 1)),
            "gw-a answered OK 2, gw-b answered OK 2, gw-c missing NO_ANSWER 0, "
            "gw-d missing NO_ANSWER 0, gw-e missing NO_ANSWER 0, gw-f missing NO_ANSWER 0");
  // Whatever the asker says, four hops are the most.
  EXPECT_THAT(Told(line.AskAll("gw-a", "official-stats", 1'000'000)),
              HasSubstr("gw-e answered OK 2, gw-f missing NO_ANSWER 0"));
}

TEST(WorldTest, EveryKindOfFailureIsNamed) {
  World world(kStar);
  world.Stop("gw-b");
  world.SetWay("gw-c", {.there = nullptr, .back = [](PeerScript& script) {
                          // Cut off in mid-answer: nothing of what it said is whole.
                          script.replies.clear();
                          script.end = PeerEnd::kCutOff;
                        }});
  world.SetWay("gw-d", {.there = nullptr, .back = [](PeerScript& script) {
                          script = {{}, PeerEnd::kLate};
                        }});
  world.DocumentsOf("gw-e").charter.grace = Millis(0);
  world.DocumentsOf("gw-e").policy.expires = world.CellsOf("gw-e").moment().now;
  const Merged merged = world.AskAll("gw-a");
  EXPECT_EQ(Told(merged),
            "gw-a answered OK 2, gw-b missing UNREACHABLE 0, gw-c missing CUT_OFF 0, "
            "gw-d late DEADLINE 0, gw-e refused POLICY_UNAVAILABLE 0");
  EXPECT_EQ(Distinct(merged).size(), 2u);
}

// What was decided stays as it is, and goes only to whom the rules of today would let have it.
TEST(WorldTest, CellsOfAnEarlierFormOfARuleAreHeldToTodaysForbidsFloorsAndAge) {
  const auto answered = [](auto change) {
    World world(std::map<std::string, std::vector<std::string>>{{"gw-a", {}}});
    change(world.DocumentsOf("gw-a"));
    return Told(world.AskAll("gw-a"));
  };
  EXPECT_EQ(answered([](policy::Documents&) {}), "gw-a answered OK 2");
  // A forbid that the present form of the rule would pass.
  EXPECT_EQ(answered([](policy::Documents& d) {
              for (policy::ShareRule& rule : d.policy.share) rule.bucket = std::chrono::hours(24);
              policy::Forbid& forbid = d.policy.forbid.emplace_back();
              forbid.id = RuleId("f-short");
              forbid.bucket_below = std::chrono::hours(24);
            }),
            "gw-a answered NO_CELLS 0");
  EXPECT_EQ(answered([](policy::Documents& d) {
              for (policy::ShareRule& rule : d.policy.share) rule.k_min = 50;
              d.charter.floors.k_min = 50;
            }),
            "gw-a answered NO_CELLS 0");
  EXPECT_EQ(answered([](policy::Documents& d) {
              for (policy::ShareRule& rule : d.policy.share) rule.age_min = Millis::max() / 4;
            }),
            "gw-a answered NO_CELLS 0");
}

// For the duties of a policy: a refusal that is signed is an answer, too.
TEST(WorldTest, AGatewayNotesWhichQuestionsItGaveNoSignedAnswer) {
  World world(std::map<std::string, std::vector<std::string>>{{"gw-a", {}}});
  world.AskAll("gw-a");
  world.AskAll("gw-a", "mobility");
  world.DocumentsOf("gw-a").charter.grace = Millis(0);
  world.DocumentsOf("gw-a").policy.expires = world.CellsOf("gw-a").moment().now;
  world.AskAll("gw-a");
  world.Ask("gw-a", world.Signed(world.Question(), 'x'));  // of nobody: owed nothing
  EXPECT_THAT(world.Noted(), ::testing::ElementsAre("gw-a city-hall official-stats answered",
                                                    "gw-a city-hall mobility answered",
                                                    "gw-a city-hall official-stats not"));
}

TEST(WorldTest, AnAnswerLongerThanOnePartThatBreaksOffCountsForNothing) {
  World world(kStar);
  testing::TestGateway& gateway = world.GatewayOf("gw-b");
  for (int sheet = 0; sheet < 400; ++sheet) {
    std::vector<Cell> cells;
    for (int hour = 0; hour < 5; ++hour) cells.push_back(gateway.MakeCell(2 + sheet * 5 + hour));
    world.CellsOf("gw-b").Release(cells);
  }
  const std::string whole = Told(world.AskAll("gw-a"));
  EXPECT_THAT(whole, HasSubstr("gw-b answered OK 2002,"));
  std::size_t parts = 0;
  world.SetWay("gw-b", {.there = nullptr, .back = [&](PeerScript& script) {
                          parts = script.replies.size();
                          script.replies.pop_back();
                          script.end = PeerEnd::kCutOff;
                        }});
  const Merged cut = world.AskAll("gw-a");
  EXPECT_GE(parts, 3u);
  EXPECT_THAT(Told(cut), HasSubstr("gw-b missing CUT_OFF 0,"));
  EXPECT_EQ(Distinct(cut).size(), 8u);
}

TEST(WorldTest, ALargeSheetThatWasRetractedAltogetherStillFitsIntoParts) {
  World world(kStar);
  testing::TestGateway& gateway = world.GatewayOf("gw-b");
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < limits::kCellsPerSheetMax; ++i) {
    cells.push_back(gateway.MakeCell(2 + static_cast<int>(i)));
  }
  world.CellsOf("gw-b").Release(cells);
  world.CellsOf("gw-b").RetractAll();
  std::size_t largest = 0;
  world.SetWay("gw-b", {.there = nullptr, .back = [&](PeerScript& script) {
                          for (const auto& reply : script.replies) {
                            largest = std::max(largest, reply.ByteSizeLong());
                          }
                        }});
  EXPECT_THAT(Told(world.AskAll("gw-a")), HasSubstr("gw-b answered OK 642,"));
  EXPECT_LT(largest, crypto::kEnvelopeBytesMax);
}

TEST(WorldTest, LiarsAreNamedAndNeverBelieved) {
  World world(kStar);
  const policy::Query query = world.Question();
  const auto sealed = [&](const std::string& gateway, const std::string& envelope) {
    QueryReply reply;
    reply.set_gateway(gateway);
    reply.set_sealed(*crypto::SealBox(query.answer_pk, envelope));
    return reply;
  };
  // gw-b alters a cell and signs that; gw-c signs in gw-e's name; gw-d gives an old answer.
  world.SetWay("gw-b", {.there = nullptr, .back = [&](PeerScript& script) {
                          testing::TestGateway& liar = world.GatewayOf("gw-b");
                          proof::AnswerPart part = liar.Part(query.hash, {liar.Sheet(0)});
                          Cell cell = liar.MakeCell(0);
                          cell.figures->sum += 1000;
                          part.sheets[0].cells[0].bytes =
                              proof::EncodeCell(cell);
                          script.replies = {sealed("gw-b", liar.Sign(part))};
                        }});
  world.SetWay("gw-c", {.there = nullptr, .back = [&](PeerScript& script) {
                          testing::TestGateway& victim = world.GatewayOf("gw-e");
                          proof::AnswerPart part = victim.Part(query.hash, {victim.Sheet(0)});
                          script.replies = {
                              sealed("gw-c", world.GatewayOf("gw-c").Sign(part))};
                        }});
  world.SetWay("gw-d", {.there = nullptr, .back = [&](PeerScript& script) {
                          testing::TestGateway& liar = world.GatewayOf("gw-d");
                          script.replies = {sealed(
                              "gw-d", liar.Sign(liar.Part(std::string(32, 'o'), {liar.Sheet(0)})))};
                        }});
  const Merged merged = world.MergeAll(query, world.Ask("gw-a", world.Signed(query)));
  EXPECT_EQ(Told(merged),
            "gw-a answered OK 2, gw-b missing BAD_PROOF 0, gw-c missing NO_ANSWER 0, "
            "gw-d missing WRONG_QUESTION 0, gw-e answered OK 2");
  EXPECT_EQ(Distinct(merged).size(), 4u);
}

TEST(WorldTest, AGatewayThatSuppressedEverythingSaysSo) {
  World world({{"gw-a", {"gw-b"}}, {"gw-b", {}}});
  testing::TestGateway& gateway = world.GatewayOf("gw-b");
  policy::Query query = world.Question();
  query.question.from = gateway.MakeCell(5).window.start;
  world.CellsOf("gw-b").Release({gateway.MakeCell(5, CellStatus::kSuppressed)});
  const std::string payload = *policy::BuildQuery(query);
  query.hash = crypto::Blake2b256(payload);
  const Merged merged = world.MergeAll(query, world.Ask("gw-a", world.Signed(query)));
  EXPECT_EQ(Told(merged), "gw-a answered NO_CELLS 0, gw-b suppressed OK 1");
}

TEST(WorldTest, ARefusedPurposeIsRefusedByEachWithItsRule) {
  World world({{"gw-a", {"gw-b"}}, {"gw-b", {}}});
  EXPECT_EQ(Told(world.AskAll("gw-a", "law-enforcement")),
            "gw-a refused FORBIDDEN f-coercive 0, gw-b refused FORBIDDEN f-coercive 0");
  EXPECT_EQ(Told(world.AskAll("gw-a", "mobility")),
            "gw-a refused NOT_PERMITTED 0, gw-b refused NOT_PERMITTED 0");
}

// ---- The question itself. ----

std::string FirstCode(const Replies& replies) {
  return replies.empty() ? "nothing" : replies.front().outcome() + " " + replies.front().code();
}

TEST(WorldTest, AQuestionThatIsNotSoundIsRefusedWithItsCodeAndGoesNoFurther) {
  World world({{"gw-a", {"gw-b"}}, {"gw-b", {}}});
  const policy::Query query = world.Question();
  const std::string envelope = world.Signed(query);
  EXPECT_EQ(world.Ask("gw-a", envelope).size(), 2u);
  const Replies replayed = world.Ask("gw-a", envelope);
  EXPECT_EQ(FirstCode(replayed), "refused REPLAYED");
  EXPECT_EQ(replayed.size(), 1u);
  // To a peer the copy is as old.
  EXPECT_EQ(FirstCode(world.Ask("gw-b", envelope)), "refused REPLAYED");
  EXPECT_EQ(FirstCode(world.Ask("gw-a", world.Signed(world.Question(), 'l'))),
            "refused WRONG_PARTY");
  EXPECT_EQ(FirstCode(world.Ask("gw-a", world.Signed(world.Question(), 'x'))),
            "refused UNKNOWN_PARTY");
  std::string changed = world.Signed(world.Question());
  changed[changed.size() / 2] ^= 1;
  EXPECT_EQ(FirstCode(world.Ask("gw-a", changed)), "refused BAD_SIGNATURE");
  EXPECT_EQ(FirstCode(world.Ask("gw-a", "")), "refused BAD_REQUEST");
  const std::string old = world.Signed(world.Question());
  world.clock().Set(world.clock().SystemNow() + std::chrono::minutes(5));
  EXPECT_EQ(FirstCode(world.Ask("gw-a", old)), "refused EXPIRED");
}

TEST(WorldTest, NoCallerTakesEveryPlace) {
  World world({{"gw-a", {"gw-b"}}, {"gw-b", {}}});
  std::size_t depth = 1;
  std::string last, of_another;
  // While one question waits for gw-b, the next is asked.
  world.SetWay("gw-b", {.there =
                            [&](QueryRequest&) {
                              if (++depth > limits::kQueriesPerCallerMax) {
                                last = FirstCode(world.Ask("gw-a", world.Signed(world.Question())));
                                of_another = FirstCode(world.Ask(
                                    "gw-a", world.Signed(world.Question(), 'l'), "lab", 0));
                                return;
                              }
                              world.Ask("gw-a", world.Signed(world.Question()));
                            },
                        .back = nullptr});
  world.Ask("gw-a", world.Signed(world.Question()));
  EXPECT_EQ(last, "refused BUSY");
  EXPECT_THAT(world.Noted(), ::testing::Contains("gw-a city-hall official-stats not"));
  EXPECT_EQ(of_another, " ");  // a sealed answer
  world.SetWay("gw-b", {});
  EXPECT_EQ(Told(world.AskAll("gw-a")), "gw-a answered OK 2, gw-b answered OK 2");
}

TEST(WorldTest, AQuestionThatTheHubChangedIsRefusedByThePeerWithItsCode) {
  World world({{"gw-a", {"gw-b"}}, {"gw-b", {}}});
  world.SetWay("gw-b", {.there =
                            [](QueryRequest& request) {
                              std::string envelope = request.envelope();
                              // The purpose, to something the policy forbids.
                              const std::size_t at = envelope.find("official-stats");
                              ASSERT_NE(at, std::string::npos);
                              request.set_envelope(envelope.replace(at, 14, "law-enforcemen"));
                            },
                        .back = nullptr});
  EXPECT_EQ(Told(world.AskAll("gw-a")), "gw-a answered OK 2, gw-b refused BAD_SIGNATURE 0");
}

TEST(WorldTest, AHubCannotReadWhatItPassesOn) {
  World world({{"gw-a", {"gw-b"}}, {"gw-b", {}}});
  const policy::Query query = world.Question();
  const Replies replies = world.Ask("gw-a", world.Signed(query));
  const std::string cell = proof::EncodeCell(world.GatewayOf("gw-b").MakeCell(0));
  const StatusOr<crypto::BoxKey> hub = crypto::BoxKey::Generate();
  ASSERT_TRUE(hub.ok());
  int from_peer = 0;
  for (const QueryReply& reply : replies) {
    if (reply.gateway() != "gw-b") continue;
    ++from_peer;
    EXPECT_EQ(hub->Open(reply.sealed()).status().code(), StatusCode::kDataLoss);
    EXPECT_THAT(reply.SerializeAsString(), Not(HasSubstr(cell)));
    EXPECT_THAT(reply.SerializeAsString(), Not(HasSubstr("load-hourly")));
    ASSERT_TRUE(world.opener().Open(reply.sealed()).ok());
    EXPECT_THAT(*world.opener().Open(reply.sealed()), HasSubstr(cell));
  }
  EXPECT_EQ(from_peer, 1);
}

// ---- Whom a cell is for. ----

TEST(WorldTest, ACellIsForThoseItsRuleNamedWhenItWasDecided) {
  World world(std::map<std::string, std::vector<std::string>>{{"gw-a", {}}});
  testing::TestGateway& gateway = world.GatewayOf("gw-a");
  WorldCells& cells = world.CellsOf("gw-a");
  cells.Release({gateway.MakeCell(2)}, "official-stats", {"lab"});
  cells.Release({gateway.MakeCell(3)}, "mobility", {"city-hall"});
  cells.Release({gateway.MakeCell(4)}, "official-stats", {"public"});
  cells.Release({gateway.MakeCell(5, CellStatus::kReleased, "load-weekly")});
  cells.Release({gateway.MakeCell(6)}, "official-stats", {"city-hall"},
                "https://w3id.org/dpv#Marketing");
  const std::set<std::string> given = Distinct(world.AskAll("gw-a"));
  EXPECT_EQ(given.size(), 3u);
  EXPECT_TRUE(given.contains(proof::EncodeCell(gateway.MakeCell(4))));
  EXPECT_FALSE(given.contains(proof::EncodeCell(gateway.MakeCell(2))));
  EXPECT_FALSE(given.contains(proof::EncodeCell(gateway.MakeCell(3))));
}

}  // namespace
}  // namespace gateway::federation
