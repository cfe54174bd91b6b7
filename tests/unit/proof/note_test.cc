#include "gateway/proof/note.h"

#include <gmock/gmock.h>

#include "gateway/base/bytes.h"
#include "gateway/proof/merkle.h"
#include "tests/support/vectors.h"
#include "tests/unit/crypto/crypto_test.h"

namespace gateway::proof {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using NoteTest = crypto::CryptoTest;

constexpr std::string_view kDash = "\xe2\x80\x94 ";

crypto::Signer SignerOf(char fill) {
  StatusOr<crypto::Signer> signer =
      crypto::Signer::FromSeed(crypto::KeyOf(std::string(32, fill)));
  GW_CHECK(signer.ok());
  return *std::move(signer);
}

NoteKey KeyOf(char fill, std::string name = "log.example/a") {
  return {.name = std::move(name),
          .type = NoteKeyType::kLog,
          .public_key = SignerOf(fill).public_key()};
}

Note Parsed(std::string_view bytes) {
  const StatusOr<Note> note = ParseNote(bytes);
  EXPECT_TRUE(note.ok()) << note.status();
  return note.ok() ? *note : Note{};
}

StatusCode RefusalOf(std::string_view bytes) { return ParseNote(bytes).status().code(); }

// The texts were made with Python's hashlib and OpenSSL's Ed25519 from the same values.
TEST_F(NoteTest, NotesAndVkeysHaveTheDocumentedBytes) {
  const std::string text = CheckpointText(
      {.origin = "sunny-row/gw/gw-a", .size = 2,
       .root = NodeHash(LeafHash("entry 0"), LeafHash("entry 1"))});
  EXPECT_EQ(text, "sunny-row/gw/gw-a\n2\nWkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=\n");
  EXPECT_EQ(SignNote(text, "sunny-row/gw/gw-a", SignerOf('\x0a')),
            text + "\n\xe2\x80\x94 sunny-row/gw/gw-a "
                   "fBh8ye6iPzcbKoZ7mDdYxOcJdSZlWez4FCnVxIr/rdY3T5CddiAObGj/oDSCUDh1OEWglzJoLR3hk47C"
                   "1PCdo+oqEAU=\n");
  EXPECT_EQ(FormatVkey(KeyOf('\x0a', "sunny-row/gw/gw-a")),
            "sunny-row/gw/gw-a+7c187cc9+AUOnLnFEAXYt9mtowm373yaCquyfJHTspGE+QkoPuv08");
}

TEST_F(NoteTest, AgreesWithAnotherImplementation) {
  const auto vectors = testing::LoadVectors("commons-formats.json");
  if (!vectors) GTEST_SKIP() << "commons-formats.json is absent";
  const auto& tlog = (*vectors)["tlog"];
  const auto log = ParseVkey(tlog["log_vkey"].get<std::string>());
  const auto witness = ParseVkey(tlog["witness_vkey"].get<std::string>());
  ASSERT_TRUE(log.ok() && witness.ok());
  EXPECT_EQ(FormatVkey(*log), tlog["log_vkey"].get<std::string>());
  EXPECT_EQ(FormatVkey(*witness), tlog["witness_vkey"].get<std::string>());
  EXPECT_EQ(log->public_key, SignerOf('\x0a').public_key());
  EXPECT_EQ(witness->type, NoteKeyType::kWitness);

  const std::string bytes = tlog["checkpoint"].get<std::string>();
  const Note note = Parsed(bytes);
  const auto signers = VerifyNote(note, std::vector{*witness, KeyOf('x'), *log});
  ASSERT_TRUE(signers.ok()) << signers.status();
  EXPECT_THAT(*signers, ElementsAre(*witness, *log));
  const auto checkpoint = ParseCheckpoint(note.text);
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ(checkpoint->origin, log->name);
  EXPECT_EQ(checkpoint->size, 5u);
  EXPECT_EQ(HexEncode(checkpoint->root), tlog["root_hex"].get<std::string>());
  // The same text, signed again by the log alone, is the beginning of that note.
  const std::string again = SignNote(CheckpointText(*checkpoint), log->name, SignerOf('\x0a'));
  EXPECT_EQ(bytes.substr(0, again.size()), again);
}

TEST_F(NoteTest, CheckpointsOfAPublishedLogVerifyWithItsKey) {
  const auto folder = testing::VectorPath("tlog_tiles_tessera_log/log");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "tlog_tiles_tessera_log is absent";
  const auto key =
      ParseVkey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
  ASSERT_TRUE(key.ok()) << key.status();
  for (uint64_t size = 0; size <= 15; ++size) {
    std::ifstream file(folder / ("checkpoint." + std::to_string(size)));
    const Note note = Parsed(std::string{std::istreambuf_iterator<char>(file), {}});
    const auto signers = VerifyNote(note, {&*key, 1});
    ASSERT_TRUE(signers.ok()) << size;
    EXPECT_EQ(signers->size(), 1u) << size;
    const auto checkpoint = ParseCheckpoint(note.text);
    ASSERT_TRUE(checkpoint.ok()) << size;
    EXPECT_EQ(checkpoint->size, size);
    // The level-0 tile of that size holds the leaf hashes.
    CompactRange range;
    std::ifstream tile(folder / "tile/0/000.p" / std::to_string(size));
    const std::string hashes{std::istreambuf_iterator<char>(tile), {}};
    EXPECT_EQ(hashes.size(), size * kHashBytes);
    for (std::size_t at = 0; at < hashes.size(); at += kHashBytes) {
      range.Append(std::string_view(hashes).substr(at, kHashBytes));
    }
    EXPECT_EQ(range.Root(), checkpoint->root) << size;
  }
}

TEST_F(NoteTest, TextSplitsAtTheLastEmptyLine) {
  const std::string text = "a\n\nb\n\n\nc\n";
  const Note note = Parsed(SignNote(text, "log.example/a", SignerOf('a')));
  EXPECT_EQ(note.text, text);
  EXPECT_THAT(*VerifyNote(note, std::vector{KeyOf('a')}), ElementsAre(KeyOf('a')));
}

TEST_F(NoteTest, SignaturesOfUnknownKeysAreIgnored) {
  Note note = Parsed(SignNote("a\n", "log.example/a", SignerOf('a')));
  EXPECT_THAT(*VerifyNote(note, std::vector{KeyOf('b')}), IsEmpty());  // same name, another id
  EXPECT_THAT(*VerifyNote(note, std::vector{KeyOf('a', "other")}), IsEmpty());
  EXPECT_THAT(*VerifyNote(note, {}), IsEmpty());
  const Note other = Parsed(SignNote("another text\n", "log.example/b", SignerOf('b')));
  note.signatures.push_back(other.signatures[0]);
  EXPECT_THAT(*VerifyNote(note, std::vector{KeyOf('a')}), ElementsAre(KeyOf('a')));
}

TEST_F(NoteTest, ABadSignatureOfAKnownKeySpoilsTheNote) {
  Note note = Parsed(SignNote("a\n", "log.example/a", SignerOf('a')));
  const Note other = Parsed(SignNote("another text\n", "log.example/b", SignerOf('b')));
  note.signatures.push_back(other.signatures[0]);
  const std::vector<NoteKey> known{KeyOf('a'), KeyOf('b', "log.example/b")};
  EXPECT_EQ(VerifyNote(note, known).status().code(), StatusCode::kDataLoss);
}

TEST_F(NoteTest, AKeyThatSignsTwiceCountsOnce) {
  Note note = Parsed(SignNote("a\n", "log.example/a", SignerOf('a')));
  note.signatures.push_back(note.signatures[0]);
  EXPECT_THAT(*VerifyNote(note, std::vector{KeyOf('a')}), ElementsAre(KeyOf('a')));
}

TEST_F(NoteTest, ALogSignatureIsNoCosignatureAndTheOtherWayRound) {
  NoteKey as_witness = KeyOf('a');
  as_witness.type = NoteKeyType::kWitness;
  Note note = Parsed(SignNote("a\n", "log.example/a", SignerOf('a')));
  EXPECT_THAT(*VerifyNote(note, std::vector{as_witness}), IsEmpty());
  // Even under the witness key's own id, the bytes are no cosignature.
  const StatusOr<std::string> id = HexDecode(FormatVkey(as_witness).substr(14, 8));
  ASSERT_TRUE(id.ok());
  note.signatures[0].key_id = *id;
  EXPECT_EQ(VerifyNote(note, std::vector{as_witness}).status().code(), StatusCode::kDataLoss);
}

TEST_F(NoteTest, ACosignatureCoversItsTimeWhichIsNeverZero) {
  NoteKey witness = KeyOf('w', "w");
  witness.type = NoteKeyType::kWitness;
  const std::string id = *HexDecode(FormatVkey(witness).substr(2, 8));
  const auto cosigned = [&](uint64_t signed_time, uint64_t stated_time) {
    const std::string message = "cosignature/v1\ntime " + std::to_string(signed_time) + "\na\n";
    const std::string signature =
        ByteWriter().U64(stated_time).Raw(SignerOf('w').Sign(message)).Take();
    return VerifyNote(
        {.text = "a\n", .signatures = {{.name = "w", .key_id = id, .signature = signature}}},
        std::vector{witness});
  };
  EXPECT_THAT(*cosigned(1, 1), ElementsAre(witness));
  EXPECT_THAT(*cosigned(INT64_MAX, INT64_MAX), ElementsAre(witness));
  for (const auto& [signed_time, stated_time] : std::vector<std::pair<uint64_t, uint64_t>>{
           {1, 2}, {0, 0}, {uint64_t{1} << 63, uint64_t{1} << 63}}) {
    EXPECT_EQ(cosigned(signed_time, stated_time).status().code(), StatusCode::kDataLoss);
  }
}

TEST_F(NoteTest, NoFlippedBitLeavesASignerOfAnotherText) {
  const std::string text = CheckpointText({.origin = "o", .size = 7, .root = LeafHash("r")});
  const std::string bytes = SignNote(text, "log.example/a", SignerOf('a'));
  const std::vector<NoteKey> known{KeyOf('a')};
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const StatusOr<Note> note = ParseNote(crypto::FlipBit(bytes, bit));
    if (!note.ok()) continue;
    const auto signers = VerifyNote(*note, known);
    EXPECT_TRUE(!signers.ok() || signers->empty()) << bit;  // at most an unknown key's now
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(RefusalOf(bytes.substr(0, size)), StatusCode::kInvalidArgument) << size;
  }
}

TEST_F(NoteTest, WhatIsNoNoteIsRefused) {
  const std::string good = SignNote("a\n", "k", SignerOf('a'));
  const std::string signature = good.substr(3);
  ASSERT_EQ(Parsed("a\n\n" + signature).signatures.size(), 1u);
  const std::string dash(kDash);
  struct Case {
    const char* name;
    std::string bytes;
  };
  for (const Case& c : std::vector<Case>{
           {"nothing", ""},
           {"no empty line", "a\n" + signature},
           {"no signature", "a\n\n"},
           {"text after the signatures", good + "b\n"},
           {"an empty line after the signatures", good + "\n"},
           {"no newline at the end", good.substr(0, good.size() - 1)},
           {"a hyphen for a dash", "a\n\n- k AAAAAAA=\n"},
           {"no space after the dash", "a\n\n\xe2\x80\x94k AAAAAAA=\n"},
           {"no name", "a\n\n" + dash + " AAAAAAA=\n"},
           {"a plus in the name", "a\n\n" + dash + "k+k AAAAAAA=\n"},
           {"a no-break space in the name", "a\n\n" + dash + "k\xc2\xa0k AAAAAAA=\n"},
           {"no signature after the name", "a\n\n" + dash + "k\n"},
           {"two spaces", "a\n\n" + dash + "k  AAAAAAA=\n"},
           {"only a key id", "a\n\n" + dash + "k AAAAAA==\n"},
           {"base64 with unused bits", "a\n\n" + dash + "k AAAAAAB=\n"},
           {"base64 without padding", "a\n\n" + dash + "k AAAAAAA\n"},
           {"a carriage return", "a\r\n\n" + signature},
           {"a NUL", std::string("a\0\n\n", 4) + signature},
           {"a tab", "a\tb\n\n" + signature},
           {"a lone continuation byte", "\x80\n\n" + signature},
           {"an over-long form", "\xc0\xaf\n\n" + signature},
           {"a surrogate", "\xed\xa0\x80\n\n" + signature},
           {"beyond U+10FFFF", "\xf4\x90\x80\x80\n\n" + signature},
           {"a character cut off", "a\xe2\x80\n\n" + signature},
       }) {
    EXPECT_EQ(RefusalOf(c.bytes), StatusCode::kInvalidArgument) << c.name;
  }
}

TEST_F(NoteTest, SizeAndSignaturesAreBounded) {
  std::string note = "a\n\n";
  for (int i = 0; i < 64; ++i) note.append(kDash).append("k AAAAAAA=\n");
  EXPECT_EQ(Parsed(note).signatures.size(), 64u);
  EXPECT_EQ(RefusalOf(note.append(kDash).append("k AAAAAAA=\n")), StatusCode::kInvalidArgument);
  const std::string text = std::string(kNoteBytesMax, 'a') + "\n";
  EXPECT_EQ(RefusalOf(SignNote(text, "k", SignerOf('a'))), StatusCode::kInvalidArgument);
}

TEST_F(NoteTest, VkeysOfOtherKindsAndForeignIdsAreRefused) {
  const std::string good = FormatVkey(KeyOf('a'));
  const StatusOr<NoteKey> key = ParseVkey(good);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(*key, KeyOf('a'));
  const std::string other_id = FormatVkey(KeyOf('b')).substr(0, 23) + good.substr(23);
  NoteKey ml_dsa = KeyOf('a');
  ml_dsa.type = static_cast<NoteKeyType>(6);
  NoteKey spaced = KeyOf('a', "a b");
  for (const std::string& text :
       {std::string(), std::string("log.example/a"), other_id, FormatVkey(ml_dsa),
        FormatVkey(spaced), good.substr(1), "+" + good, good + "=", good + "\n",
        good.substr(0, good.size() - 4)}) {
    EXPECT_EQ(ParseVkey(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST_F(NoteTest, CheckpointsParseStrictlyExceptForExtensions) {
  const std::string root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  const auto sizes = {"0", "1", "18446744073709551615"};
  for (const char* size : sizes) {
    const auto checkpoint = ParseCheckpoint(std::string("o\n") + size + "\n" + root + "\n");
    ASSERT_TRUE(checkpoint.ok()) << size;
    EXPECT_EQ(std::to_string(checkpoint->size), size);
    EXPECT_EQ(checkpoint->root, EmptyRoot());
  }
  EXPECT_TRUE(ParseCheckpoint("o\n1\n" + root + "\nextension\n").ok());
  for (const std::string& text :
       {std::string(), "o\n1\n" + root, "\n1\n" + root + "\n", "o\n\n" + root + "\n",
        "o\n01\n" + root + "\n", "o\n+1\n" + root + "\n", "o\n-1\n" + root + "\n",
        "o\n1 \n" + root + "\n", "o\n18446744073709551616\n" + root + "\n", std::string("o\n1\n\n"),
        std::string("o\n1\nZg==\n"), "o\n1\n" + root + "\n\n", "o\n1\n" + root + "\nx"}) {
    EXPECT_EQ(ParseCheckpoint(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST_F(NoteTest, ALogIsNamedAfterItsGatewayAndItsClock) {
  EXPECT_EQ(LogOrigin("riverside", "gw-a", false), "riverside/gw/gw-a");
  EXPECT_EQ(LogOrigin("riverside", "gw-a", true), "riverside/gw/gw-a/replay");
}

}  // namespace
}  // namespace gateway::proof
