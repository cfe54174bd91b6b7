#pragma once
#include <chrono>
#include <cstddef>
namespace gateway::limits {
// Changes of the rules that are under way. Of one kind so many wait at a time; the oldest that lacks
// signatures gives way. A gateway that was away takes a chain of so many versions at once.
inline constexpr std::size_t kProposalsPerKindMax = 4;
inline constexpr std::size_t kProposalChainMax = 64;
inline constexpr std::size_t kProposalsBytesMax = 8u << 20;  // of all of them
inline constexpr std::size_t kRetiredKeysMax = 256;
inline constexpr std::size_t kVoteBytesMax = 1'024;
inline constexpr std::chrono::hours kVoteAheadMax{24};  // a vote's time before the gateway's
// An operator is told so long before a document expires.
inline constexpr std::chrono::days kExpiryWarning{30};

}
