// One line on the terminal that says how far a long command is, and leaves no trace there. Without a
// terminal on stderr nothing: a log has no use for it.
#pragma once

#include <cstdint>
#include <string>

namespace gateway::cli {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // A bar and per cent; nothing while `total` is 0. Always true: go on.
  bool Show(uint64_t done, uint64_t total);
  // Of something whose end is not known.
  void Show(uint64_t bytes);

 private:
  void Replace(std::string text);

  const bool terminal_;
  std::string shown_;
};

}  // namespace gateway::cli
