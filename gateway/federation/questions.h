// What happens to a question at a gateway: whose it is, whether it may be answered, its own answer
// and those of its peers. The service without the network: time, transport and listener are given.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "commons/v1/federation.pb.h"
#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/federation/answering.h"
#include "gateway/federation/directory.h"
#include "gateway/federation/relay.h"
#include "gateway/federation/seen_queries.h"

namespace gateway::federation {

// Thread-safe. The arguments of the constructor must outlive it.
class Questions {
 public:
  using Emit = std::function<bool(const commons::v1::QueryReply&)>;

  Questions(const Answering& answering, Transport& transport, const Clock& clock)
      : answering_(answering),
        transport_(transport),
        clock_(clock),
        seen_(clock.SystemNow()) {}

  // Answers, and passes on to the peers what is sound, within `timeout`. A question that is not
  // sound (see policy::OpenQuery, SeenQueries; or sent by another party than signed it) is answered
  // with `refused` and its code, in clear, because there is no key that it could be sealed to.
  // Returns when all is said, `emit` returned false, or `gone`, if given, returned true.
  void Ask(const policy::Documents& documents, const Caller& caller,
           const commons::v1::QueryRequest& request, std::chrono::milliseconds timeout,
           const Emit& emit, const std::function<bool()>& gone = {});

 private:
  // Takes a place among the questions at work, for as long as it lives.
  class Place;
  policy::QueryCode Check(const policy::Documents& documents, const Caller& caller,
                          const policy::OpenedQuery& opened);
  void AnswerSound(const policy::Documents& documents, const commons::v1::QueryRequest& request,
                   const policy::OpenedQuery& opened, std::chrono::milliseconds timeout,
                   const Emit& emit, const std::function<bool()>& gone);
  void Note(const policy::OpenedQuery& opened, bool answered) const;
  // Whether the listener is still there.
  bool AnswerOwn(const policy::Documents& documents, const policy::OpenedQuery& opened,
                 const Emit& emit);

  const Answering& answering_;
  Transport& transport_;
  const Clock& clock_;  // real time
  SeenQueries seen_;
  Mutex mutex_;
  // Questions at work, by who sent them.
  std::map<std::string, std::size_t> running_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gateway::federation
