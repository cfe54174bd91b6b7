#include "gateway/admin/server.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "commons/v1/admin.grpc.pb.h"
#include "gateway/model/limits.h"
#include "tests/support/fake_commands.h"

namespace gateway::admin {
namespace {

using gateway::testing::FakeCells;
using gateway::testing::FakeCommands;
using gateway::testing::FakeListening;
using gateway::testing::MakeCell;

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() {
    char name[] = "/tmp/admin-XXXXXX";
    dir_ = mkdtemp(name);
    socket_ = dir_ + "/admin.sock";
  }
  ~AdminServerTest() override { std::filesystem::remove_all(dir_); }

  void Start() {
    auto server = AdminServer::Start(socket_, commands_, cells_, listening_);
    ASSERT_TRUE(server.ok()) << Message(server.status());
    server_ = *std::move(server);
    stub_ = commons::v1::Admin::NewStub(
        grpc::CreateChannel("unix:" + socket_, grpc::InsecureChannelCredentials()));
  }

  // The hours of the streamed cells' starts, with "?" after those that are pending.
  std::string Query(grpc::Status& status) {
    grpc::ClientContext call;
    auto reader = stub_->Query(&call, commons::v1::CellFilter());
    std::string text;
    commons::v1::CellRow row;
    while (reader->Read(&row)) {
      text += std::to_string(row.start_ms() / 3'600'000 % 24);
      if (row.status() == "pending") text += "?";
      text += " ";
    }
    status = reader->Finish();
    return text;
  }

  std::string dir_, socket_;
  FakeCommands commands_;
  FakeCells cells_;
  FakeListening listening_;
  std::unique_ptr<AdminServer> server_;
  std::unique_ptr<commons::v1::Admin::Stub> stub_;
};

TEST_F(AdminServerTest, OnlyTheOwnerMayUseTheSocket) {
  Start();
  struct stat info {};
  ASSERT_EQ(lstat(socket_.c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(AdminServerTest, PassesACommandOnAndItsAnswerBack) {
  commands_.invite = {"riverside", "gw-a", std::string(16, '\xff'), std::string(16, '\0')};
  Start();
  grpc::ClientContext call;
  commons::v1::AddHouseholdRequest request;
  request.set_household("flat-12");
  request.set_zone("north");
  request.set_adults(2);
  commons::v1::AddHouseholdReply reply;
  ASSERT_TRUE(stub_->AddHousehold(&call, request, &reply).ok());
  EXPECT_EQ(commands_.asked, "flat-12/north/2");
  EXPECT_EQ(reply.subject(), std::string(16, '\xff'));
  EXPECT_EQ(reply.nonce(), std::string(16, '\0'));
}

TEST_F(AdminServerTest, EveryCodeOfARefusalSurvivesAndIsMarkedAsTheDaemonsOwn) {
  Start();
  for (const StatusCode code :
       {StatusCode::kInvalidArgument, StatusCode::kNotFound, StatusCode::kAlreadyExists,
        StatusCode::kPermissionDenied, StatusCode::kResourceExhausted,
        StatusCode::kFailedPrecondition, StatusCode::kUnavailable, StatusCode::kDataLoss,
        StatusCode::kInternal}) {
    commands_.refusal = MakeStatus(code, "because");
    grpc::ClientContext call;
    commons::v1::GetStatusReply reply;
    const grpc::Status status =
        stub_->GetStatus(&call, commons::v1::GetStatusRequest(), &reply);
    EXPECT_EQ(static_cast<int>(status.error_code()), static_cast<int>(code));
    EXPECT_EQ(status.error_message(), "because");
    EXPECT_EQ(call.GetServerTrailingMetadata().count("commons-refused"), 1u);
  }
}

TEST_F(AdminServerTest, QuerySendsDecidedCellsThenPendingOnesAndNoCellTwice) {
  cells_.cells = {MakeCell(CellStatus::kReleased, 1), MakeCell(CellStatus::kSuppressed, 0)};
  commands_.pending = {MakeCell(CellStatus::kPending, 1), MakeCell(CellStatus::kPending, 2)};
  Start();
  grpc::Status status;
  EXPECT_EQ(Query(status), "1 0 2? ");
  EXPECT_TRUE(status.ok());
}

TEST_F(AdminServerTest, QueryReportsADamagedRow) {
  cells_.cells = {MakeCell(CellStatus::kReleased, 1)};
  cells_.end = DataLoss("a row does not open");
  Start();
  grpc::Status status;
  Query(status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
}

TEST_F(AdminServerTest, RefusesAnEndlessName) {
  Start();
  grpc::ClientContext call;
  commons::v1::AddDeviceRequest request;
  request.set_device(std::string(limits::kTopicBytesMax + 1, 'x'));
  commons::v1::AddDeviceReply reply;
  EXPECT_EQ(stub_->AddDevice(&call, request, &reply).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(commands_.asked, "");
}

TEST_F(AdminServerTest, RefusesADeviceOfNobodyAndOfTwo) {
  Start();
  for (const bool both : {false, true}) {
    grpc::ClientContext call;
    commons::v1::AddDeviceRequest request;
    request.set_device("sds-1");
    if (both) request.set_household("flat-1");
    if (both) request.set_place("post-1");
    commons::v1::AddDeviceReply reply;
    EXPECT_EQ(stub_->AddDevice(&call, request, &reply).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(commands_.asked, "");
}

TEST_F(AdminServerTest, RefusesToStartBesideADaemonThatAnswers) {
  Start();
  const auto second = AdminServer::Start(socket_, commands_, cells_, listening_);
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(std::filesystem::exists(socket_));
}

TEST_F(AdminServerTest, ReplacesTheSocketOfADeadDaemon) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  Start();
  grpc::Status status;
  EXPECT_EQ(Query(status), "");
  EXPECT_TRUE(status.ok());
}

TEST_F(AdminServerTest, LeavesAFileThatIsNoSocketAlone) {
  std::ofstream(socket_) << "precious";
  const auto server = AdminServer::Start(socket_, commands_, cells_, listening_);
  EXPECT_EQ(server.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(std::filesystem::is_regular_file(socket_));
}

TEST_F(AdminServerTest, RefusesAPathThatNoSocketCanHave) {
  const auto server =
      AdminServer::Start(dir_ + "/" + std::string(120, 'x'), commands_, cells_, listening_);
  EXPECT_EQ(server.status().code(), StatusCode::kInvalidArgument);
}

TEST_F(AdminServerTest, StopTakesTheSocketAway) {
  Start();
  server_->Stop();
  server_->Stop();
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

}  // namespace
}  // namespace gateway::admin
