#include "gateway/crypto/age.h"

#include <cstdlib>
#include <filesystem>

#include "gateway/base/file.h"
#include "gateway/crypto/bech32.h"
#include "tests/unit/crypto/age_fixture.h"

namespace gateway::crypto {
namespace {

using AgeTest = CryptoTest;

Signer SignerOf(char fill) {
  StatusOr<Signer> signer = Signer::FromSeed(KeyOf(std::string(32, fill)));
  GW_CHECK(signer.ok());
  return *std::move(signer);
}

AgeIdentity IdentityOf(const Signer& signer) {
  StatusOr<AgeIdentity> identity = AgeIdentity::FromSigner(signer);
  GW_CHECK(identity.ok());
  return *std::move(identity);
}

std::string Text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>('a' + i * i % 23));
  return text;
}

TEST_F(AgeTest, OpensWhatItSealedAtEverySizeAroundAChunk) {
  const AgeIdentity identity = NewIdentity();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kAgeChunkBytes - 1, kAgeChunkBytes, kAgeChunkBytes + 1,
        2 * kAgeChunkBytes, 3 * kAgeChunkBytes + 7}) {
    const Opened opened = OpenFile(identity, SealFile({identity.recipient()}, Text(size)));
    EXPECT_TRUE(opened.whole()) << size;
    EXPECT_TRUE(opened.plaintext == Text(size)) << size;
  }
}

TEST_F(AgeTest, EveryRecipientOpensTheFileAndNobodyElse) {
  const AgeIdentity first = NewIdentity(), second = NewIdentity(), other = NewIdentity();
  const std::string file = SealFile({first.recipient(), second.recipient()}, "for two");
  EXPECT_EQ(OpenFile(first, file).plaintext, "for two");
  EXPECT_EQ(OpenFile(second, file).plaintext, "for two");
  EXPECT_EQ(OpenFile(other, file).header.code(), StatusCode::kPermissionDenied);
}

TEST_F(AgeTest, ASigningKeyOpensWhatIsSealedToItsPublicHalf) {
  const Signer signer = SignerOf('r');
  const StatusOr<AgeRecipient> recipient = AgeRecipient::FromEd25519(signer.public_key());
  ASSERT_TRUE(recipient.ok());
  EXPECT_EQ(IdentityOf(signer).recipient(), *recipient);
  EXPECT_EQ(OpenFile(IdentityOf(signer), SealFile({*recipient}, "mine")).plaintext, "mine");
  EXPECT_FALSE(OpenFile(IdentityOf(SignerOf('s')), SealFile({*recipient}, "mine")).header.ok());
}

TEST_F(AgeTest, NothingIsSealedToAPointOfLowOrder) {
  std::string identity_point(32, '\0');
  identity_point[0] = 1;
  EXPECT_EQ(AgeRecipient::FromEd25519(identity_point).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_FALSE(AgeRecipient::FromEd25519("short").ok());
  const StatusOr<AgeRecipient> zero =
      AgeRecipient::Parse(Bech32Encode("age", std::string(32, '\0')));
  ASSERT_TRUE(zero.ok());
  const auto writer =
      AgeWriter::Create(std::span(&*zero, 1), [](std::string_view) { return OkStatus(); });
  EXPECT_EQ(writer.status().code(), StatusCode::kInvalidArgument);
}

TEST_F(AgeTest, KeysParseWhatTheyPrintAndNothingElse) {
  const AgeIdentity identity = NewIdentity();
  const std::string secret = identity.ToString(), recipient = identity.recipient().ToString();
  EXPECT_EQ(secret.size(), 74u);
  EXPECT_TRUE(secret.starts_with("AGE-SECRET-KEY-1"));
  EXPECT_EQ(recipient.size(), 62u);
  const StatusOr<AgeIdentity> again = AgeIdentity::Parse(secret);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->recipient(), identity.recipient());
  EXPECT_EQ(*AgeRecipient::Parse(recipient), identity.recipient());
  EXPECT_FALSE(AgeIdentity::Parse(recipient).ok());
  EXPECT_FALSE(AgeRecipient::Parse(secret).ok());
  for (std::size_t i = 0; i < recipient.size(); ++i) {
    for (const char c : {'q', 'Q', 'b', ' ', '1'}) {
      if (recipient[i] == c) continue;
      std::string changed = recipient;
      changed[i] = c;
      EXPECT_FALSE(AgeRecipient::Parse(changed).ok()) << changed;
    }
    EXPECT_FALSE(AgeRecipient::Parse(recipient.substr(0, i)).ok());
  }
  for (const std::size_t size : {31u, 33u}) {
    EXPECT_FALSE(AgeRecipient::Parse(Bech32Encode("age", std::string(size, 'k'))).ok());
  }
}

TEST_F(AgeTest, RefusesEveryFlippedBitAndEveryTruncation) {
  const AgeIdentity identity = NewIdentity();
  const std::string file = SealFile({identity.recipient()}, "a small secret");
  ASSERT_TRUE(OpenFile(identity, file).whole());
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    const Opened opened = OpenFile(identity, FlipBit(file, bit));
    EXPECT_FALSE(opened.whole()) << bit;
    EXPECT_EQ(opened.plaintext, "") << bit;
  }
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(OpenFile(identity, std::string_view(file).substr(0, size)).whole()) << size;
  }
  EXPECT_EQ(OpenFile(identity, file + "x").payload.code(), StatusCode::kDataLoss);
}

TEST_F(AgeTest, HandsOutOnlyChunksThatAreGenuineAndInTheirPlace) {
  const AgeIdentity identity = NewIdentity();
  const std::string text = Text(3 * kAgeChunkBytes);
  const std::string file = SealFile({identity.recipient()}, text);
  const std::size_t sealed = kAgeChunkBytes + 16, start = file.size() - 3 * sealed;
  const std::string header = file.substr(0, start), a = file.substr(start, sealed),
                    b = file.substr(start + sealed, sealed), c = file.substr(start + 2 * sealed);
  const struct {
    std::string_view name;
    std::string file;
    std::size_t genuine;
  } cases[] = {{"a flipped bit in the second", header + a + FlipBit(b, 77) + c, 1},
               {"swapped", header + b + a + c, 0},
               {"one left out", header + a + c, 1},
               {"the last one left out", header + a + b, 2},
               {"one repeated", header + a + b + b + c, 2},
               {"more after the end", header + a + b + c + c, 3}};
  for (const auto& [name, damaged, genuine] : cases) {
    const Opened opened = OpenFile(identity, damaged);
    EXPECT_EQ(opened.payload.code(), StatusCode::kDataLoss) << name;
    EXPECT_TRUE(opened.plaintext == text.substr(0, genuine * kAgeChunkBytes)) << name;
  }
}

TEST_F(AgeTest, AFailedReaderAndAnEndedWriterStayThatWay) {
  const AgeIdentity identity = NewIdentity();
  std::string file = SealFile({identity.recipient()}, "text");
  file.back() = static_cast<char>(file.back() ^ 1);
  StatusOr<AgeReader> reader = AgeReader::Open(std::span(&identity, 1), SourceOf(file));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->Next().status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(reader->Next().status().code(), StatusCode::kDataLoss);
  bool full = false;
  StatusOr<AgeWriter> writer =
      AgeWriter::Create(std::span(&identity.recipient(), 1), [&](std::string_view) {
        return full ? ResourceExhausted("the disk is full") : OkStatus();
      });
  ASSERT_TRUE(writer.ok());
  full = true;
  EXPECT_EQ(writer->Write(Text(2 * kAgeChunkBytes)).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(writer->Finish().code(), StatusCode::kFailedPrecondition);
}

TEST_F(AgeTest, HeadersAndRecipientsAreBounded) {
  const AgeIdentity identity = NewIdentity();
  const std::vector<AgeRecipient> many(kAgeRecipientsMax + 1, identity.recipient());
  const auto sink = [](std::string_view) { return OkStatus(); };
  EXPECT_FALSE(AgeWriter::Create(many, sink).ok());
  EXPECT_FALSE(AgeWriter::Create({}, sink).ok());
  const std::string most = SealFile({many.begin() + 1, many.end()}, "x");
  EXPECT_EQ(OpenFile(identity, most).plaintext, "x");
  std::size_t read = 0;
  const auto endless = [&](char* buffer, std::size_t size) -> StatusOr<std::size_t> {
    std::memset(buffer, 'a', size);
    read += size;
    return size;
  };
  EXPECT_EQ(AgeReader::Open(std::span(&identity, 1), endless).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_LE(read, kAgeHeaderBytesMax);
}

// ---- The age of Debian. ----

class AgeProgramTest : public CryptoTest {
 protected:
  void SetUp() override {
    if (std::system("age --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no age program";
    std::string pattern = ::testing::TempDir() + "/age-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    ASSERT_TRUE(Write("key", IdentityOf(SignerOf('r')).ToString() + "\n").ok());
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  Status Write(const std::string& name, std::string_view bytes) {
    return WriteFile(dir_ + "/" + name, bytes, FileMode::kPrivate, IfExists::kReplace);
  }
  int Run(const std::string& command) {
    return std::system(("cd '" + dir_ + "' && " + command + " 2>log").c_str());
  }
  std::string Read(const std::string& name) {
    const StatusOr<std::string> bytes = ReadFile(dir_ + "/" + name, 1u << 20);
    return bytes.ok() ? *bytes : Format("unreadable: %s", Message(bytes.status()));
  }
  std::string dir_;
};

TEST_F(AgeProgramTest, OpensOurFiles) {
  const AgeIdentity identity = IdentityOf(SignerOf('r'));
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, 2 * kAgeChunkBytes,
                                 2 * kAgeChunkBytes + 3}) {
    const std::string file =
        SealFile({NewIdentity().recipient(), identity.recipient()}, Text(size));
    ASSERT_TRUE(Write("sealed", file).ok());
    EXPECT_EQ(Run("age -d -i key sealed > open"), 0) << size << Read("log");
    EXPECT_TRUE(Read("open") == Text(size)) << size;
  }
  ASSERT_TRUE(Write("sealed", SealFile({NewIdentity().recipient()}, "not yours")).ok());
  EXPECT_NE(Run("age -d -i key -o other sealed"), 0);
}

TEST_F(AgeProgramTest, MakesFilesThatWeOpen) {
  const AgeIdentity identity = IdentityOf(SignerOf('r'));
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, 2 * kAgeChunkBytes}) {
    ASSERT_TRUE(Write("open", Text(size)).ok());
    ASSERT_EQ(Run("age -r " + identity.recipient().ToString() + " -o sealed open"), 0);
    const Opened opened = OpenFile(identity, Read("sealed"));
    EXPECT_TRUE(opened.whole()) << size;
    EXPECT_TRUE(opened.plaintext == Text(size)) << size;
  }
}

TEST_F(AgeProgramTest, AgreesWhichRecipientBelongsToAKey) {
  ASSERT_EQ(Run("age-keygen -y key > recipient"), 0);
  EXPECT_EQ(Read("recipient"), IdentityOf(SignerOf('r')).recipient().ToString() + "\n");
}

}  // namespace
}  // namespace gateway::crypto
