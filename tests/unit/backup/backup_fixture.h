// A folder of made-up database files, and backups of it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/backup/folder.h"
#include "gateway/backup/manifest.h"
#include "gateway/backup/source.h"
#include "gateway/base/bytes.h"
#include "gateway/crypto/secret.h"

namespace gateway::backup {

namespace fs = std::filesystem;

inline std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteAll(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::map<std::string, std::string> FilesOf(const fs::path& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(dir)) {
    files[entry.path().filename().string()] = ReadAll(entry.path());
  }
  return files;
}

inline crypto::Signer MakeSigner() {
  EXPECT_TRUE(crypto::InitCrypto().ok());
  return *crypto::Signer::Generate();
}

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    std::string name = (fs::temp_directory_path() / "backup_test.XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    fs::create_directory(db());
    WriteAll(db() / "000012.sst", std::string(300'000, 'a') + "end");
    WriteAll(db() / "000013.sst", "small");
    WriteAll(db() / "000014.log", "");
    WriteAll(db() / "CURRENT", "MANIFEST-000001\n");
    WriteAll(db() / "OPTIONS-000007", "small");  // the same bytes as another
  }
  ~BackupTest() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  fs::path db() const { return root_ / "db"; }
  fs::path folder() const { return root_ / "backups"; }
  const crypto::Signer& signer() const { return signer_; }

  // A manifest of the files of db() as they are.
  SignedManifest Describe(int hour = 1, std::vector<std::string> erased = {}) {
    Meter meter(nothing_, 0);
    auto files = HashFiles(db(), meter);
    EXPECT_TRUE(files.ok());
    Manifest manifest{.gateway = "gw-a",
                      .created = Time(std::chrono::hours(hour)),
                      .ledger_root = std::string(32, 'r'),
                      .erased = std::move(erased),
                      .files = *files};
    auto made = SignManifest(std::move(manifest), signer_);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  StatusOr<uint64_t> Write(const SignedManifest& backup) {
    Meter meter(nothing_, 0);
    return WriteFolder(folder(), db(), backup, meter);
  }

  SignedManifest Create(int hour = 1, std::vector<std::string> erased = {}) {
    SignedManifest made = Describe(hour, std::move(erased));
    EXPECT_TRUE(Write(made).ok());
    return made;
  }

  std::vector<std::string> Problems(const std::string& id = "") {
    const auto source = OpenFolder(folder(), id);
    if (!source.ok()) return {std::string(Message(source.status()))};
    const auto problems = Check(**source, nothing_);
    EXPECT_TRUE(problems.ok()) << problems.status();
    return problems.ok() ? *problems : std::vector<std::string>{};
  }

  fs::path ObjectOf(const SignedManifest& backup, const std::string& name) const {
    for (const BackupFile& file : backup.manifest.files) {
      if (file.name == name) return folder() / "objects" / HexEncode(file.hash);
    }
    ADD_FAILURE() << name;
    return {};
  }

  const Progress nothing_;
  fs::path root_;
  crypto::Signer signer_ = MakeSigner();
};

}  // namespace gateway::backup
