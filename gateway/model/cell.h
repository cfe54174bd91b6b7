// A cell: share rule × zone × window, the only thing that ever leaves a gateway.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/ids.h"
#include "gateway/model/time.h"

namespace gateway {

enum class CellStatus : uint8_t { kReleased = 1, kSuppressed = 2, kPending = 3 };
std::string_view CellStatusName(CellStatus status);

// Present exactly when the cell is released. Integers in steps of the metric's resolution.
struct Figures {
  uint32_t count = 0;  // households, or places, that contributed
  int64_t sum = 0;
  int64_t mean = 0;  // sum ÷ count, rounded half up
  uint32_t completeness_pct = 0;
  uint32_t homes_in_zone = 0;
  // The rule's min_count where the sum is below it: then only `homes_in_zone` is beside it.
  std::optional<uint64_t> below = std::nullopt;
  friend bool operator==(const Figures&, const Figures&) = default;
};

struct Cell {
  std::string commons;
  GatewayId gateway;
  RuleId rule;
  uint64_t policy_version = 0;
  OwnerKind owner_kind = OwnerKind::kHousehold;
  MetricId metric;
  std::string unit;
  std::string resolution;  // decimal text: one step of the figures in `unit`
  ZoneId zone;
  Window window;
  CellStatus status = CellStatus::kPending;
  std::optional<Figures> figures;
  std::vector<std::string> stats;  // which figures the rule releases
  uint32_t k_min = 0;              // safeguards applied
  uint32_t top1_max_pct = 0;
  uint32_t top2_max_pct = 0;  // 0: none
  int64_t round_to = 0;       // `sum` is a multiple of it, in steps; 0: exact
  Millis age_min{0};
  Millis bucket_min{0};    // of places' metrics
  uint64_t min_count = 0;  // of places' rules; 0: none
  bool redistribution = false;  // whether who gets it may pass it on
  bool replay = false;  // made under a replay clock: recorded, not live, data
};

// Why a cell is as it is, for the operator only: askers see one code for every cause.
enum class SuppressionReason : uint8_t {
  kNone = 0,
  kOverlap = 1,        // the rule's set differs by too few households from another rule's
  kTooFew = 2,         // fewer than k_min households, or no place, contributed
  kDominance = 3,      // one household's share exceeds top1_max_pct, or that of two top2_max_pct
  kComplementary = 4,  // released, it would reveal a suppressed neighbour by subtraction
  kRuleTooYoung = 5,   // the rule was not valid since the day's start
  kLost = 6,           // the gateway lost data that it may concern, and gave the day up
};
std::string_view SuppressionReasonName(SuppressionReason reason);

}  // namespace gateway
