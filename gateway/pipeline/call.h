// Pipeline::Call: run on the pipeline thread, wait for the answer. For the files that implement
// port::Commands.
#pragma once

#include <future>
#include <optional>
#include <utility>

#include "gateway/pipeline/pipeline.h"

namespace gateway::pipeline {

template <typename Result>
Result Pipeline::Call(std::function<Result()> command) {
  std::promise<void> done;
  std::optional<Result> result;
  const Status posted = Post([&] {
    result.emplace(command());
    done.set_value();
  });
  if (!posted.ok()) return posted;
  done.get_future().wait();
  return *std::move(result);
}

}  // namespace gateway::pipeline
