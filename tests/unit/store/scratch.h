// A directory of one test, gone afterwards, and a store inside it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "gateway/store/database.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::store {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "store_test.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no scratch directory";
    root_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string dir() const { return (root_ / "db").string(); }

  // Every byte of every file of the store.
  std::string AllBytes() const {
    std::string bytes;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      bytes.append(std::istreambuf_iterator<char>(file), {});
    }
    return bytes;
  }

 private:
  std::filesystem::path root_;
};

inline crypto::SecretKey MasterKey(char fill = 'm') {
  EXPECT_TRUE(crypto::InitCrypto().ok());
  auto key = crypto::SecretKey::FromBytes(std::string(crypto::SecretKey::kBytes, fill));
  EXPECT_TRUE(key.ok());
  return *std::move(key);
}

// A store with its vault; `Reopen` closes both and opens them again.
class OpenStore {
 public:
  explicit OpenStore(const Scratch& scratch) : dir_(scratch.dir()) { Open(); }

  void Reopen() {
    vault_.reset();
    EXPECT_TRUE(db_->Close().ok());
    Open();
  }
  Database& db() { return *db_; }
  Vault& vault() { return *vault_; }

 private:
  void Open() {
    auto db = Database::Open(dir_);
    ASSERT_TRUE(db.ok()) << db.status();
    db_ = *std::move(db);
    auto vault = Vault::Open(*db_, MasterKey());
    ASSERT_TRUE(vault.ok()) << vault.status();
    vault_ = *std::move(vault);
  }

  std::string dir_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<Vault> vault_;
};

}  // namespace gateway::store
