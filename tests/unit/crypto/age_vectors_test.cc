// The age testkit of the C2SP (CCTV): one file each for everything a reader must get right.
#include <zlib.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "gateway/base/bytes.h"
#include "gateway/crypto/hash.h"
#include "tests/support/vectors.h"
#include "tests/unit/crypto/age_fixture.h"

namespace gateway::crypto {
namespace {

using AgeVectorsTest = CryptoTest;

struct Vector {
  std::string expect, payload, file;
  std::vector<AgeIdentity> identities;
};

std::string Inflate(std::string_view data) {
  std::string out(1u << 25, '\0');
  uLongf size = out.size();
  const int rc = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                            reinterpret_cast<const Bytef*>(data.data()), data.size());
  GW_CHECK(rc == Z_OK);
  out.resize(size);
  return out;
}

Vector ReadVector(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  Vector vector;
  bool compressed = false;
  for (std::string line; std::getline(in, line) && !line.empty();) {
    const std::size_t colon = line.find(": ");
    const std::string key = line.substr(0, colon), value = line.substr(colon + 2);
    if (key == "expect") vector.expect = value;
    if (key == "payload") vector.payload = value;
    if (key == "compressed") compressed = true;
    if (key == "identity") {
      StatusOr<AgeIdentity> identity = AgeIdentity::Parse(value);
      EXPECT_TRUE(identity.ok()) << path;
      if (identity.ok()) vector.identities.push_back(*std::move(identity));
    }
  }
  std::ostringstream rest;
  rest << in.rdbuf();
  vector.file = compressed ? Inflate(rest.str()) : rest.str();
  return vector;
}

std::string VerdictOf(const Opened& opened) {
  if (opened.header.code() == StatusCode::kInvalidArgument) return "header failure";
  if (opened.header.code() == StatusCode::kPermissionDenied) return "no match";
  if (opened.header.code() == StatusCode::kDataLoss) return "HMAC failure";
  if (opened.payload.code() == StatusCode::kDataLoss) return "payload failure";
  return opened.whole() ? "success" : "another failure";
}

// What we do not build, by the beginning of the file's name.
std::string KindOf(const std::string& name) {
  for (const std::string kind : {"armor", "scrypt", "hybrid"}) {
    if (name.starts_with(kind)) return kind;
  }
  return "X25519";
}

TEST_F(AgeVectorsTest, EveryFileOfTheTestkitGetsItsVerdictAndReleasesThatMuch) {
  const std::filesystem::path folder = testing::VectorPath("age_testkit");
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no age testkit at " << folder;
  std::map<std::string, int> kinds, verdicts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name == "README.md") continue;
    const std::string kind = KindOf(name);
    ++kinds[kind];
    if (kind != "X25519") continue;
    SCOPED_TRACE(name);
    const Vector vector = ReadVector(entry.path());
    const Opened opened = OpenFile(vector.identities, vector.file);
    EXPECT_EQ(VerdictOf(opened), vector.expect)
        << Message(opened.header) << Message(opened.payload);
    ++verdicts[vector.expect];
    if (!vector.payload.empty()) {
      EXPECT_EQ(HexEncode(Sha256(opened.plaintext)), vector.payload) << opened.plaintext.size();
    } else {
      EXPECT_EQ(opened.plaintext.size(), 0u);
    }
  }
  EXPECT_EQ(kinds, (std::map<std::string, int>{
                       {"X25519", 67}, {"armor", 33}, {"hybrid", 18}, {"scrypt", 25}}));
  EXPECT_EQ(verdicts, (std::map<std::string, int>{{"HMAC failure", 1},
                                                   {"header failure", 31},
                                                   {"no match", 3},
                                                   {"payload failure", 18},
                                                   {"success", 14}}));
}

}  // namespace
}  // namespace gateway::crypto
