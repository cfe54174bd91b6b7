#include <gtest/gtest.h>

#include <set>

#include "gateway/base/bytes.h"
#include "gateway/base/file.h"
#include "gateway/crypto/dsse.h"
#include "gateway/crypto/x509.h"
#include "gateway/crypto/sign.h"
#include "gateway/backup/restore.h"
#include "gateway/backup/restored.h"
#include "tests/unit/pipeline/commons_fixture.h"

namespace gateway::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDue = "2013-01-16T06:00:00Z";
constexpr std::string_view kLater = "2013-01-18T06:00:00Z";

// A gateway with three homes, one decided day, and a backup of it.
class RestoredTest : public ::testing::Test {
 protected:
  RestoredTest() {
    for (int i = 0; i < 4; ++i) members_.push_back(commons_.Join("flat-" + std::to_string(i)));
    for (const Member& member : members_) commons_.SendDay(member, "2013-01-14T00:00:00Z", 100);
    EXPECT_EQ(*commons_.gateway().AdvanceClock(At(kDue)), 1u);
    backup_ = Create();
  }

  port::BackupReceipt Create() {
    auto made = commons_.gateway().CreateBackup({.folder = folder()}, {});
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *made : port::BackupReceipt();
  }
  std::string folder() const { return (commons_.dir().parent_path() / "backups").string(); }

  // Restores into an empty folder and opens a gateway on it.
  std::unique_ptr<Pipeline> Restore(std::vector<std::string> erased = {}) {
    return RestoreWith(List(), std::move(erased));
  }
  // What the gateway remembers of withdrawals beside its database.
  backup::Withdrawals List() const {
    auto list = backup::ReadWithdrawals(
        *ReadFile((commons_.dir() / "withdrawals").string(), backup::kWithdrawalsBytesMax));
    EXPECT_TRUE(list.ok()) << list.status();
    return list.ok() ? *list : backup::Withdrawals();
  }
  std::unique_ptr<Pipeline> RestoreWith(std::optional<backup::Withdrawals> withdrawals,
                                        std::vector<std::string> erased = {}) {
    const fs::path dir = commons_.dir().parent_path() / "board";
    auto source = backup::OpenFolder(folder(), backup_.id);
    EXPECT_TRUE(source.ok()) << source.status();
    const auto restored = backup::Restore(
        **source,
        {.dir = dir.string(),
         .gateway = "gw-a",
         .at = At(kLater),
         .erased = std::move(erased),
         .withdrawals = std::move(withdrawals),
         .keys = backup::KeysBackup{.gateway = "gw-a", .keyslots = "s", .config = "c"}},
        {});
    EXPECT_TRUE(restored.ok()) << restored.status();
    EXPECT_TRUE(fs::exists(dir / "db/restored"));
    std::unique_ptr<Pipeline> gateway = Open();
    EXPECT_FALSE(fs::exists(dir / "db/restored"));
    return gateway;
  }

  std::unique_ptr<Pipeline> Open() {
    auto gateway = Pipeline::Open({.dir = (commons_.dir().parent_path() / "board/db").string(),
                                   .master = *crypto::SecretKey::FromBytes(commons_.master()),
                                   .gateway = GatewayId("gw-a"),
                                   .clock = &clock_,
                                   .replay = &clock_});
    EXPECT_TRUE(gateway.ok()) << gateway.status();
    return gateway.ok() ? *std::move(gateway) : nullptr;
  }

  // A roster that names the gateway's newest keys.
  std::string NextRoster(Pipeline& gateway) {
    std::string prev;
    const auto documents = gateway.ShowDocuments();
    for (const port::DocumentRow& row : *documents) {
      if (row.type == "roster") prev = HexEncode(row.hash);
    }
    const auto keys = *gateway.GetKeys();
    return commons_.Sign(
        crypto::kRosterType,
        "schema: commons-roster/1\ncommons: testville\nversion: 2\nprev: \"" + prev +
            "\"\nissued: 2012-01-01T00:00:00Z\nexpires: 2100-01-01T00:00:00Z\n"
            "gateways: [{id: gw-a, zone: north, address: \"localhost:7443\", tls: [\"" +
            crypto::FormatPin(keys.tls) + "\"], sign: \"" + crypto::FormatPublicKey(keys.sign) +
            "\", log: \"" + crypto::FormatPublicKey(keys.log) +
            "\"}]\nparties: [{id: city-hall, kind: municipality}, "
            "{id: institute, kind: researcher}]\n");
  }

  Commons commons_;
  ReplayClock clock_{At("2013-01-13T00:00:00Z")};
  std::vector<Member> members_;
  port::BackupReceipt backup_;
};

std::vector<std::string> Bytes(const Pipeline& gateway) {
  std::vector<std::string> bytes;
  EXPECT_TRUE(gateway.VisitCells({}, [&](const port::DecidedCell& cell) {
    bytes.push_back(cell.bytes);
    return true;
  }).ok());
  return bytes;
}

TEST_F(RestoredTest, ServesTheSameCellsAndTheSameLedger) {
  const auto gateway = Restore();
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(Bytes(*gateway), Bytes(commons_.gateway()));
  EXPECT_EQ(gateway->GetStatus()->ledger_root, commons_.gateway().GetStatus()->ledger_root);
  EXPECT_EQ(gateway->ListHouseholds()->size(), 4u);
}

TEST_F(RestoredTest, TimeDoesNotGoBackBehindTheRestore) {
  ASSERT_NE(Restore(), nullptr);
  EXPECT_EQ(clock_.SystemNow(), At(kLater));
}

TEST_F(RestoredTest, TheSecondBackupCopiesLittle) {
  commons_.SendDay(members_[0], "2013-01-15T00:00:00Z", 100);
  const port::BackupReceipt second = Create();
  EXPECT_NE(second.id, backup_.id);
  EXPECT_LT(second.bytes_new, second.bytes_total);
  EXPECT_FALSE(fs::exists(commons_.dir().string() + ".backup"));
}

TEST_F(RestoredTest, AHouseholdErasedSinceTheBackupIsErasedAgain) {
  const fs::path db = commons_.dir().parent_path() / "board/db";
  std::set<std::string> owners;
  {
    auto whole = Restore();
    ASSERT_NE(whole, nullptr);
    ASSERT_TRUE(whole->Close().ok());
    auto database = *store::Database::Open(db.string());
    ASSERT_TRUE(database->Scan(store::Table::kBlocks, {}, {}, [&](auto, std::string_view value) {
      owners.emplace(store::ParseRowHeader(value)->owner.view());
      return true;
    }).ok());
  }
  ASSERT_EQ(owners.size(), 4u);
  const auto gateway = Restore({*owners.begin()});
  ASSERT_NE(gateway, nullptr);
  ASSERT_TRUE(gateway->Close().ok());
  auto database = *store::Database::Open(db.string());
  std::set<std::string> left;
  ASSERT_TRUE(database->Scan(store::Table::kBlocks, {}, {}, [&](auto, std::string_view value) {
    left.emplace(store::ParseRowHeader(value)->owner.view());
    return true;
  }).ok());
  owners.erase(owners.begin());
  EXPECT_EQ(left, owners);
}

TEST_F(RestoredTest, ADayOpenAtTheBackupIsLostNotComputedAgain) {
  for (const Member& member : members_) commons_.SendDay(member, "2013-01-15T00:00:00Z", 100);
  backup_ = Create();
  auto gateway = Restore();
  ASSERT_NE(gateway, nullptr);
  ASSERT_TRUE(gateway->AdvanceClock(At("2013-01-20T00:00:00Z")).ok());
  const auto explained =
      gateway->ExplainCell("load-daily", "north", At("2013-01-15T00:00:00Z"));
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_EQ(explained->reason, SuppressionReason::kLost);
  const auto lost = [&] {
    int cells = 0;
    EXPECT_TRUE(gateway->VisitCells({}, [&](const port::DecidedCell& decided) {
      if (decided.cell.window.start < At("2013-01-15T00:00:00Z")) return true;
      EXPECT_EQ(decided.cell.status, CellStatus::kSuppressed);
      ++cells;
      return true;
    }).ok());
    return cells;
  };
  // The old log may have gone on after the backup: its key signs nothing that is new.
  EXPECT_EQ(lost(), 0);
  ASSERT_TRUE(gateway->ActivateDocuments({NextRoster(*gateway)}).ok());
  EXPECT_EQ(lost(), 0);
  ASSERT_TRUE(gateway->Close().ok());
  gateway = Open();
  ASSERT_NE(gateway, nullptr);
  EXPECT_GT(lost(), 0);
}

std::string StateOf(Pipeline& gateway, const std::string& household) {
  const auto grants = gateway.ListGrants(household);
  return grants.ok() && !grants->empty() ? grants->front().state : "?";
}

TEST_F(RestoredTest, AGrantWithdrawnSinceTheBackupIsWithdrawnAgain) {
  ASSERT_EQ(*commons_.gateway().WithdrawGrants("flat-0", ""), 1u);
  auto gateway = Restore();
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(StateOf(*gateway, "flat-0"), "withdrawn");
  EXPECT_EQ(StateOf(*gateway, "flat-1"), "given");
  EXPECT_TRUE(gateway->GetStatus()->lost.empty());
  // Durable in the database now: no list is needed to know it.
  ASSERT_TRUE(gateway->Close().ok());
  fs::remove(commons_.dir().parent_path() / "board/db/withdrawals");
  gateway = Open();
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(StateOf(*gateway, "flat-0"), "withdrawn");
  EXPECT_TRUE(fs::exists(commons_.dir().parent_path() / "board/db/withdrawals"));
}

TEST_F(RestoredTest, AGrantThatTheBackupDoesNotHaveStaysWithdrawnWhenItIsImportedAgain) {
  Member late = commons_.Invite("flat-9");
  commons_.Confirm(late);
  backup_ = Create();
  commons_.Grant(late);
  ASSERT_EQ(*commons_.gateway().WithdrawGrants("flat-9", ""), 1u);
  auto gateway = Restore();
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(StateOf(*gateway, "flat-9"), "objected");  // and no grant
  ASSERT_TRUE(gateway->ImportGrant(commons_.last_envelope()).ok());
  EXPECT_EQ(StateOf(*gateway, "flat-9"), "withdrawn");
}

TEST_F(RestoredTest, AnObjectionMadeSinceTheBackupStands) {
  ASSERT_TRUE(commons_.gateway().WithdrawGrants("flat-0", "", "load").ok());
  const auto states = [](Pipeline& gateway, const std::string& household) {
    std::string text;
    const auto rows = gateway.ListGrants(household);
    for (const port::GrantRow& row : *rows) text += row.state + " ";
    return text;
  };
  ASSERT_EQ(states(commons_.gateway(), "flat-0"), "given objected ");
  auto gateway = Restore();
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(states(*gateway, "flat-0"), "given objected ");
  EXPECT_EQ(states(*gateway, "flat-1"), "given ");
}

TEST_F(RestoredTest, TheListNamesNoGrant) {
  ASSERT_EQ(*commons_.gateway().WithdrawGrants("flat-0", ""), 1u);
  const backup::Withdrawals list = List();
  ASSERT_EQ(list.grants.size(), 2u);  // of the grant, and of the household's no to everything
  for (const std::string& pseudonym : list.grants) {
    EXPECT_FALSE(commons_.gateway().ListGrants("flat-0")->front().id.starts_with(pseudonym));
  }
  // Nor does it keep one of a household that is erased.
  ASSERT_TRUE(commons_.gateway().EraseHousehold("flat-0").ok());
  EXPECT_TRUE(List().grants.empty());
}

TEST_F(RestoredTest, WithoutAListNothingIsReleasedUntilItIsAcknowledged) {
  for (const Member& member : members_) commons_.SendDay(member, "2013-01-15T00:00:00Z", 100);
  backup_ = Create();
  auto gateway = RestoreWith(std::nullopt);
  ASSERT_NE(gateway, nullptr);
  const auto lost = gateway->GetStatus()->lost;
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_TRUE(lost[0].starts_with("withdrawals after 2013-01-16T06:00:00Z,")) << lost[0];
  EXPECT_EQ(Bytes(*gateway), Bytes(commons_.gateway()));  // what was released before
  EXPECT_EQ(*gateway->AdvanceClock(At("2013-01-20T00:00:00Z")), 0u);
  // A restart, or another restore from the same backup, does not make it forget.
  ASSERT_TRUE(gateway->Close().ok());
  gateway = Open();
  EXPECT_EQ(gateway->GetStatus()->lost.size(), 1u);
  ASSERT_TRUE(gateway->Close().ok());
  gateway = RestoreWith(std::nullopt);
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(gateway->GetStatus()->lost.size(), 1u);
  ASSERT_TRUE(gateway->AcknowledgeLoss().ok());
  EXPECT_TRUE(gateway->GetStatus()->lost.empty());
  EXPECT_EQ(*gateway->AdvanceClock(At("2013-01-20T00:00:00Z")), 1u);
  ASSERT_TRUE(gateway->Close().ok());
  gateway = Open();
  EXPECT_TRUE(gateway->GetStatus()->lost.empty());
}

TEST_F(RestoredTest, TheListOfAnotherStoreIsNotTakenForThisOnes) {
  backup::Withdrawals other = List();
  other.signer.front() = static_cast<char>(other.signer.front() ^ 1);
  const auto gateway = RestoreWith(other);
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(gateway->GetStatus()->lost.size(), 1u);
}

}  // namespace
}  // namespace gateway::pipeline
