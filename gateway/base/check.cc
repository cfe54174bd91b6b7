#include "gateway/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace gateway {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "<2>%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace gateway
