#include "gateway/daemon/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace gateway::daemon {
namespace {

TEST(ProcessTest, LeavesNoCoreAndLetsNobodyTrace) {
  ASSERT_TRUE(HardenProcess().ok());
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_CORE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, 0u);
  EXPECT_EQ(limit.rlim_max, 0u);
  EXPECT_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}

TEST(ProcessTest, SigtermAsksToStop) {
  const std::atomic<bool>& stop = StopRequested();
  ASSERT_FALSE(stop);
  raise(SIGTERM);
  EXPECT_TRUE(stop);
}

TEST(ProcessTest, ADirectoryHasOneDaemonAtATime) {
  char dir[] = "/tmp/lock-XXXXXX";
  ASSERT_NE(mkdtemp(dir), nullptr);
  {
    const auto first = DirectoryLock::Take(dir);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(DirectoryLock::Take(dir).status().code(), StatusCode::kFailedPrecondition);
  }
  EXPECT_TRUE(DirectoryLock::Take(dir).ok());
  rmdir(dir);
  EXPECT_EQ(DirectoryLock::Take(dir).status().code(), StatusCode::kNotFound);
}

TEST(ProcessTest, TellsSystemd) {
  char dir[] = "/tmp/notify-XXXXXX";
  const std::string path = std::string(mkdtemp(dir)) + "/socket";
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  NotifySystemd("READY=1");
  unsetenv("NOTIFY_SOCKET");
  char buffer[64];
  const ssize_t size = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(size < 0 ? 0 : size)), "READY=1");
  close(fd);
  unlink(path.c_str());
  rmdir(dir);
}

}  // namespace
}  // namespace gateway::daemon
