#include "gateway/model/cell.h"

namespace gateway {

std::string_view CellStatusName(CellStatus status) {
  switch (status) {
    case CellStatus::kReleased:
      return "released";
    case CellStatus::kSuppressed:
      return "suppressed";
    case CellStatus::kPending:
      return "pending";
  }
  return "unknown";
}

std::string_view SuppressionReasonName(SuppressionReason reason) {
  switch (reason) {
    case SuppressionReason::kNone:
      return "none";
    case SuppressionReason::kOverlap:
      return "overlap";
    case SuppressionReason::kTooFew:
      return "too-few-households";
    case SuppressionReason::kDominance:
      return "dominance";
    case SuppressionReason::kComplementary:
      return "complementary";
    case SuppressionReason::kRuleTooYoung:
      return "rule-too-young";
    case SuppressionReason::kLost:
      return "lost";
  }
  return "unknown";
}

}  // namespace gateway
