// Many gateways' replies to one question, made into cells and honest coverage. Pure: it never
// waits and knows no network.
//
// A reply counts only when its seal is open and it is verified with the keys that the roster lists
// for the gateway named inside. Each gateway counts once, however its parts come: in any order,
// repeated, by several ways. Whoever does not answer is named, with the best that is known of why:
//
//   1. its first complete, verified answer: answered, suppressed or refused
//   2. it, or whoever spoke in its name, lied: missing, BAD_PROOF, WRONG_QUESTION, BAD_SIGNATURE,
//      BAD_ANSWER, BAD_SEAL or TOO_LARGE, whichever comes first in this order
//   3. some parts of an answer, not all: missing, CUT_OFF
//   4. hearsay of gateways on the way: refused, late or missing, in this order
//   5. REPLAYED, signed or hearsay: a copy of the question came to it by another way
//   6. nothing: missing, NO_ANSWER; or late, DEADLINE, if time ran out
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/crypto/box.h"
#include "gateway/model/ids.h"
#include "gateway/model/limits.h"
#include "gateway/policy/query.h"
#include "gateway/proof/answer.h"

namespace gateway::federation {

// A message of federation.proto's Query stream.
struct Reply {
  std::string gateway;  // whom it is about, says whoever passed it on
  std::string sealed;
  std::string outcome, code;  // instead of `sealed`: hearsay
};

struct Asked {
  policy::Query query;
  std::vector<proof::GatewayKeys> gateways;  // who should answer; without keys: cannot
  std::vector<std::string> stewards;  // whose signature makes a retraction count
  std::size_t bytes_max = limits::kMergedBytesMax;  // of all answers together
};

enum class Coverage { kAnswered, kSuppressed, kRefused, kLate, kMissing };
std::string_view CoverageName(Coverage coverage);  // "answered", "suppressed", …

struct CoverageRow {
  GatewayId gateway;
  Coverage status = Coverage::kMissing;
  std::string code;  // "OK", "NO_CELLS", or why not
  std::string rule;  // what decided, several with a space between
  std::string detail;  // for people: what exactly was wrong; "" if there is nothing to add
  uint64_t log_size = 0;
  std::size_t cells = 0;
};

struct Merged {
  std::vector<proof::VerifiedCell> cells;  // by gateway in the order asked, as each sent them
  std::vector<CoverageRow> coverage;       // one for each gateway asked, in the order asked
  std::vector<std::string> envelopes;      // the answers that count, to be kept
  std::size_t strangers = 0;  // replies about gateways that were not asked: ignored
};

// Thread-compatible. Memory is bounded by limits::kCellsPerAnswerMax and kAnswerPartsMax for each
// gateway and by Asked::bytes_max for all: beyond it, whoever holds most is TOO_LARGE.
class Merge {
 public:
  explicit Merge(Asked asked);
  Merge(Merge&&) noexcept;
  ~Merge();

  void AddReply(const Reply& reply, const crypto::BoxKey& opener);
  // A signed part that is open already; `said_gateway` is whom it was said to be from, if anybody
  // said so. Returns why it does not count: as proof::VerifyAnswer does, NotFound if its gateway
  // was not asked, AlreadyExists if it was there or its gateway's answer is complete,
  // ResourceExhausted if its gateway has sent too much. What came before stays as it was.
  Status AddAnswer(std::string_view envelope, const std::string& said_gateway);

  // Nothing that may still come would change what Finish says of any gateway.
  bool Complete() const;
  // `deadline`: time ran out before the replies ended.
  Merged Finish(bool deadline) &&;

 private:
  struct Gateway;
  Gateway* Find(const GatewayId& id);
  Status AddPart(Gateway& gateway, std::string_view envelope, proof::VerifiedPart part);
  void Forget(Gateway& gateway);  // what is not its answer
  Status Close(Gateway& gateway);  // forgets all of it, and takes no more; returns TOO_LARGE

  Asked asked_;
  std::vector<Gateway> gateways_;
  std::size_t strangers_ = 0;
  std::size_t bytes_ = 0;  // of all envelopes that are kept
};

}  // namespace gateway::federation
