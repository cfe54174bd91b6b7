#include "tests/unit/cli/program.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace gateway::testing {

Folder::Folder() {
  char name[] = "/tmp/commons-XXXXXX";
  path_ = mkdtemp(name);
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

Outcome Folder::Commons(const std::string& arguments) const {
  const std::string command = "cd " + path_ + " && COMMONS_DIR=" + path_ + " " COMMONS_PROGRAM " " +
                              arguments + " 2>.stderr";
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  char buffer[4096];
  for (std::size_t size = 0; (size = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    outcome.out.append(buffer, size);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
  outcome.err = Read(".stderr");
  return outcome;
}

std::string Folder::Read(const std::string& name) const {
  std::ostringstream text;
  text << std::ifstream(*this / name, std::ios::binary).rdbuf();
  return text.str();
}

void Folder::Write(const std::string& name, const std::string& text) const {
  std::ofstream(*this / name, std::ios::binary) << text;
}

mode_t Folder::ModeOf(const std::string& name) const {
  struct stat info {};
  if (lstat((*this / name).c_str(), &info) != 0) return 0;
  return info.st_mode & 07777u;
}

}  // namespace gateway::testing
