#include "gateway/backup/stream.h"

#include <gmock/gmock.h>

#include "tests/unit/backup/backup_fixture.h"

namespace gateway::backup {
namespace {

class Collector final : public ObjectVisitor {
 public:
  Status Begin(std::string_view hash) override {
    current_ = &objects[std::string(hash)];
    return OkStatus();
  }
  Status Piece(std::string_view bytes) override {
    current_->append(bytes);
    return OkStatus();
  }
  Status End() override { return OkStatus(); }
  std::map<std::string, std::string> objects;

 private:
  std::string* current_ = nullptr;
};

class StreamTest : public BackupTest {
 protected:
  std::string Stream(const SignedManifest& backup, const std::set<std::string>& known = {}) {
    std::string bytes;
    Meter meter(nothing_, 0);
    EXPECT_TRUE(WriteStream(backup, db(), known, meter, [&](std::string_view piece) {
                  bytes.append(piece);
                  return OkStatus();
                }).ok());
    return bytes;
  }
  static Status Read(std::string_view bytes, Collector& collector, std::size_t piece = 4096) {
    StreamReader reader(&collector, nullptr);
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      RETURN_IF_ERROR(reader.Add(bytes.substr(0, piece)));
    }
    return reader.Finish();
  }
  void MakeSmall() { WriteAll(db() / "000012.sst", "was large"); }
};

TEST_F(StreamTest, GivesEveryObjectBackHoweverItIsCut) {
  const SignedManifest made = Describe();
  const std::string bytes = Stream(made);
  for (const std::size_t piece : {1, 7, 4096, 1'000'000}) {
    Collector collector;
    ASSERT_TRUE(Read(bytes, collector, piece).ok()) << piece;
    for (const BackupFile& file : made.manifest.files) {
      EXPECT_EQ(collector.objects.at(file.hash), ReadAll(db() / file.name)) << file.name;
    }
  }
}

TEST_F(StreamTest, LeavesOutWhatTheBaseHas) {
  const SignedManifest made = Describe();
  std::set<std::string> known;
  for (const BackupFile& file : made.manifest.files) known.insert(file.hash);
  known.erase(made.manifest.files[0].hash);
  Collector collector;
  ASSERT_TRUE(Read(Stream(made, known), collector).ok());
  EXPECT_EQ(collector.objects.size(), 1u);
}

TEST_F(StreamTest, EveryTruncationIsFound) {
  MakeSmall();
  const std::string bytes = Stream(Describe());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Collector collector;
    EXPECT_EQ(Read(bytes.substr(0, i), collector).code(), StatusCode::kDataLoss) << i;
  }
}

TEST_F(StreamTest, BytesAfterItsEndAreRefused) {
  Collector collector;
  EXPECT_EQ(Read(Stream(Describe()) + "x", collector).code(), StatusCode::kDataLoss);
}

TEST_F(StreamTest, ObjectsThatTheManifestDoesNotListAreRefused) {
  const SignedManifest made = Describe();
  std::string bytes = Stream(made);
  bytes.pop_back();  // the end
  const std::string extra = std::string("\1", 1) + std::string(32, 'h') + std::string(7, '\0') +
                            std::string("\1x\0", 3);
  Collector collector;
  EXPECT_EQ(Read(bytes + extra, collector).code(), StatusCode::kDataLoss);
}

TEST_F(StreamTest, AManifestOfHugeSizeIsRefusedBeforeItIsRead) {
  Collector collector;
  StreamReader reader(&collector, nullptr);
  EXPECT_EQ(reader.Add(std::string_view("CGBS1\0\xff\xff\xff\xff", 10)).code(),
            StatusCode::kDataLoss);
}

}  // namespace
}  // namespace gateway::backup
