#include "gateway/admin/locked.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include "commons/v1/admin.grpc.pb.h"

namespace gateway::admin {
namespace {

class LockedServerTest : public ::testing::Test {
 protected:
  LockedServerTest() {
    char name[] = "/tmp/locked-XXXXXX";
    dir_ = mkdtemp(name);
    auto server = LockedServer::Start(dir_ + "/admin.sock", "gw-a", [this](std::string& secret) {
      tried_ = secret;
      return secret == "right" ? OkStatus() : PermissionDenied("none opens");
    });
    EXPECT_TRUE(server.ok()) << Message(server.status());
    server_ = *std::move(server);
    stub_ = commons::v1::Admin::NewStub(
        grpc::CreateChannel("unix:" + dir_ + "/admin.sock", grpc::InsecureChannelCredentials()));
  }
  ~LockedServerTest() override {
    server_.reset();
    std::filesystem::remove_all(dir_);
  }
  grpc::Status Unlock(const std::string& secret) {
    grpc::ClientContext call;
    commons::v1::UnlockRequest request;
    request.set_secret(secret);
    commons::v1::UnlockReply reply;
    return stub_->Unlock(&call, request, &reply);
  }

  std::string dir_, tried_;
  std::unique_ptr<LockedServer> server_;
  std::unique_ptr<commons::v1::Admin::Stub> stub_;
};

TEST_F(LockedServerTest, StatusSaysThatItIsLocked) {
  grpc::ClientContext call;
  commons::v1::GetStatusReply reply;
  ASSERT_TRUE(stub_->GetStatus(&call, {}, &reply).ok());
  EXPECT_EQ(reply.state(), "locked");
  EXPECT_EQ(reply.gateway(), "gw-a");
}

TEST_F(LockedServerTest, UnlockPassesTheSecretOnAndSaysWhatCameOfIt) {
  EXPECT_TRUE(Unlock("right").ok());
  EXPECT_EQ(tried_, "right");
  const grpc::Status wrong = Unlock("wrong");
  EXPECT_EQ(wrong.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(wrong.error_message(), "none opens");
}

TEST_F(LockedServerTest, EveryOtherCallNamesTheCommandThatHelps) {
  grpc::ClientContext call;
  commons::v1::ListHouseholdsReply reply;
  const grpc::Status status = stub_->ListHouseholds(&call, {}, &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "the gateway is locked; open it with `commons unlock`");
  EXPECT_EQ(call.GetServerTrailingMetadata().count("commons-refused"), 1u);

  grpc::ClientContext stream_call;
  const auto reader = stub_->Query(&stream_call, {});
  commons::v1::CellRow row;
  EXPECT_FALSE(reader->Read(&row));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(LockedServerTest, OnlyTheDaemonsUserReachesIt) {
  struct stat info {};
  ASSERT_EQ(stat((dir_ + "/admin.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  server_->Stop();
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/admin.sock"));
}

}  // namespace
}  // namespace gateway::admin
