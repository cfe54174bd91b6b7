#include "gateway/ingest/broker_login.h"

#include <sys/stat.h>

#include "gateway/base/file.h"

namespace gateway::ingest {

constexpr std::size_t kLoginBytesMax = 1'024;

StatusOr<Login> ReadLogin(const std::string& path) {
  if (path.empty()) return Login{};
  ASSIGN_OR_RETURN(std::string text, ReadFile(path, kLoginBytesMax));
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return FailedPrecondition("mode %04o lets others at it; chmod 600 it", info.st_mode & 07777);
  }
  if (text.ends_with('\n')) text.pop_back();
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos || text.find('\n') != std::string::npos) {
    return InvalidArgument("needs one line, user:password");
  }
  return Login{.user = text.substr(0, colon), .password = text.substr(colon + 1)};
}

}  // namespace gateway::ingest
