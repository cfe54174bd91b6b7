// Runs the compiled `commons`, as a user would.
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <string>

namespace gateway::testing {

struct Outcome {
  int code = -1;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

// A folder that goes away with the test.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  // What `commons ARGUMENTS` does in this folder, with --dir FOLDER; words as a shell splits them.
  Outcome Commons(const std::string& arguments) const;
  std::string Read(const std::string& name) const;
  void Write(const std::string& name, const std::string& text) const;
  // The permission bits of a file in it.
  mode_t ModeOf(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace gateway::testing
