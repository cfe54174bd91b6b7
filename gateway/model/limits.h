// Every bound of the gateway (invariant I12), in one place. Units come last in a name; relations
// between bounds are asserted here so that changing one cannot quietly break another.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gateway::limits {

// One gateway serves one neighbourhood.
inline constexpr std::size_t kHouseholdsMax = 2'000;
inline constexpr std::size_t kPlacesMax = 2'000;
inline constexpr std::size_t kSeriesMax = 20'000;
inline constexpr std::size_t kDevicesMax = 10'000;
inline constexpr std::size_t kAdultsPerHouseholdMax = 16;
inline constexpr std::size_t kGrantsPerHouseholdMax = 256;
inline constexpr std::size_t kObjectionsPerHouseholdMax = 256;  // of one metric each

// Devices of one household or place: they are one row of the registry.
inline constexpr std::size_t kDevicesPerOwnerMax = 1'000;
inline constexpr std::size_t kClaimBytesMax = 128;
inline constexpr std::size_t kBridgeLoginsMax = 64;

// MQTT.
inline constexpr std::size_t kTopicBytesMax = 512;
inline constexpr std::size_t kTopicLevelsMax = 32;
inline constexpr std::size_t kDeviceLevelsMax = 4;  // of a topic, that together name the device
inline constexpr std::size_t kPayloadBytesMax = 65'536;
// Keys and elements of one JSON payload, ignored ones included.
inline constexpr std::size_t kJsonNodesMax = 1'024;
// What the broker may send in one packet: well above the payload limit, so that a message that is
// too large is counted as such, yet bounded, because the MQTT library buffers whole packets.
inline constexpr std::size_t kPacketBytesMax = 1u << 20;
inline constexpr std::size_t kObservationsPerMessageMax = 64;
inline constexpr std::size_t kSenmlNameBytesMax = 256;  // base name and name together
// Profiles: files, and what one may say.
inline constexpr std::size_t kProfilesMax = 64;
inline constexpr std::size_t kProfileAboutBytesMax = 200;
inline constexpr std::size_t kOwnProfileBytesMax = 16u << 10;  // one made for one device
inline constexpr std::size_t kMessagesPerProfileMax = 64;
inline constexpr std::size_t kTopicsPerMessageMax = 4;
inline constexpr std::size_t kReadingsPerMessageMax = 64;
inline constexpr std::size_t kPersonalPathsMax = 64;
inline constexpr std::size_t kPathBytesMax = 256;
inline constexpr std::size_t kPathsPerTimeMax = 4;
inline constexpr std::size_t kWordsPerReadingMax = 32;  // of `units`, `states` and `not`
// Messages of a device that is not enrolled are remembered by number only, of so many devices.
inline constexpr std::size_t kStrangersMax = 256;
// Readings that devices announced to Home Assistant, of all of them together.
inline constexpr std::size_t kAnnouncedMax = 1'024;
// What our broker configuration allows in flight, and how many journal entries back a redelivered
// message is looked for. mosquitto 2.0.11 exceeds its own limit, hence the factor.
inline constexpr std::size_t kBrokerInflightMax = 1'000;
inline constexpr std::size_t kInflightMax = 4'096;
static_assert(kInflightMax >= 4 * kBrokerInflightMax);
static_assert(kPacketBytesMax >= 8 * (kPayloadBytesMax + kTopicBytesMax));
inline constexpr std::chrono::milliseconds kReconnectMin{500};
inline constexpr std::chrono::milliseconds kReconnectMax{30'000};
// What our broker configuration keeps for a subscriber that is away or slow: above the largest burst
// that must not be lost, 100 publishers with 1 000 messages each.
inline constexpr std::size_t kBrokerQueuedMax = 100'000;
// How long the broker keeps a session, and so a message, at most.
inline constexpr std::chrono::hours kSessionLife{30 * 24};
// A marker goes through the broker this often (ingest/waiting.h); a message that waited less than
// the tolerance counts as one that did not wait.
inline constexpr std::chrono::milliseconds kMarkerInterval{2'000};
inline constexpr std::chrono::milliseconds kWaitedTolerance{5'000};
static_assert(kWaitedTolerance >= 2 * kMarkerInterval);
inline constexpr std::size_t kFiltersMax = 20'000;  // one for each device, and those of profile files
// Between two looks at what is to be subscribed to: each is a row with every filter in the store.
inline constexpr std::chrono::milliseconds kFiltersPause{1'000};
// What stays true only of the past is shown to the operator for so long.
inline constexpr std::chrono::hours kBrokerWarningLife{24};
// A certificate of the broker that ends sooner than this is worth a warning.
inline constexpr std::chrono::hours kCertificateWarning{30 * 24};
inline constexpr std::chrono::milliseconds kBrokerLookMax{3'000};  // at its certificate
// Commands to the broker's dynamic-security plugin in one message: mosquitto 2.0.11 writes its file
// anew for each of them, and serves nobody meanwhile.
inline constexpr std::size_t kBrokerCommandsMax = 16;
inline constexpr std::size_t kLoginTopicsMax = 256;  // topics that one login may publish to
inline constexpr std::chrono::seconds kBrokerAnswerMax{15};
// A stamp further ahead of now than this is quarantined as `future`.
inline constexpr std::chrono::minutes kFutureStampMax{5};
// A stamp before 2000-01-01T00:00:00Z is one of a clock that was never set.
inline constexpr std::chrono::seconds kUnsetClockMax{946'684'800};  // since 1970

// Messages that the door refused for what they say, kept for the operator to try again. They hold
// what a device sent, also what no rule collects: few, and not for long.
inline constexpr std::size_t kQuarantinedPayloadBytesMax = 4'096;  // of a longer one its head
inline constexpr std::size_t kQuarantineRowsPerOwnerMax = 64;
inline constexpr std::size_t kQuarantineBytesPerOwnerMax = 128u << 10;
inline constexpr std::size_t kQuarantineRowsMax = 4'096;
inline constexpr std::chrono::days kQuarantineKept{7};
inline constexpr std::size_t kShapeBytesMax = 120;  // of what an operator sees of a payload
static_assert(kQuarantineBytesPerOwnerMax >=
              8 * (kQuarantinedPayloadBytesMax + 2 * kTopicBytesMax + 256));

// Of how long ago a proposed policy is simulated.
inline constexpr std::chrono::hours kSimulatedMax{92 * 24};

// Pipeline.
inline constexpr std::size_t kPipelineQueueMax = 8'192;   // journal entries handed over in memory
inline constexpr std::size_t kCommandQueueMax = 256;
inline constexpr std::size_t kQuestionsNotedMax = 4'096;  // between two turns; more are not noted
inline constexpr std::size_t kCheckpointBytesMax = 4u << 20;
inline constexpr std::chrono::seconds kCheckpointInterval{60};
inline constexpr std::size_t kReadingsPerBlockMax = 2'048;

// Store.
// How often the file that says what is durable is written, unless the ledger grew.
inline constexpr std::chrono::seconds kMarkInterval{10};
inline constexpr std::size_t kLossesMax = 256;  // entries of the report of what the disk lost
// Up to this much in files, every checksum is looked at when the store is opened.
inline constexpr uint64_t kStoreVerifyBytesMax = 64u << 20;
inline constexpr std::size_t kSyncBytesMax = 64u << 10;
inline constexpr std::chrono::milliseconds kSyncInterval{1'000};
// Blocks read from files and rows that are not in files yet, together; the latter at most.
inline constexpr std::size_t kStoreMemoryBytes = 24u << 20;
inline constexpr std::size_t kStoreWriteBufferBytes = 16u << 20;
// What must stay free on the disk, or intake waits: rows in memory can then still be written to
// files, and so can withdrawals, erasure and what retention deletes.
inline constexpr std::size_t kDiskFreeMin = 32u << 20;
static_assert(kStoreWriteBufferBytes < kStoreMemoryBytes);
static_assert(kDiskFreeMin >= 2 * kStoreWriteBufferBytes);
inline constexpr std::chrono::milliseconds kSpaceLookInterval{1'000};
// How long the store waits between two attempts to cure what the disk did to it, and for whoever is
// still reading when it begins one.
inline constexpr std::chrono::milliseconds kHealPauseMin{250};
inline constexpr std::chrono::milliseconds kHealPauseMax{8'000};
inline constexpr std::chrono::milliseconds kHealReadersMax{2'000};

// Signed documents. What crypto bounds itself stands there: envelopes in dsse.h, the arena of
// locked keys in secret.h.
inline constexpr std::size_t kRulesMax = 1'024;
inline constexpr std::size_t kCasesMax = 1'024;  // of one file
// A sheet's cells are listed in one ledger entry, which has a limit of its own (proof/leaf.cc).
inline constexpr std::size_t kCellsPerSheetMax = 640;

// Changes of the rules that are under way. Of one kind so many wait at a time; the oldest that
// lacks signatures gives way. A gateway that was away takes a chain of so many versions at once.
inline constexpr std::size_t kProposalsPerKindMax = 4;
inline constexpr std::size_t kProposalChainMax = 64;
inline constexpr std::size_t kProposalsBytesMax = 8u << 20;  // of all of them
inline constexpr std::size_t kRetiredKeysMax = 256;
inline constexpr std::size_t kVoteBytesMax = 1'024;
inline constexpr std::chrono::hours kVoteAheadMax{24};  // a vote's time before the gateway's
// An operator is told so long before a document expires.
inline constexpr std::chrono::days kExpiryWarning{30};

// Whom a share rule named at each version of the policy: kept as long as the store.
inline constexpr std::size_t kAudiencesMax = 65'536;

// Queries on the operator's socket, and a gateway's answer to a party.
inline constexpr std::size_t kCellsPerAnswerMax = 100'000;
inline constexpr std::size_t kAdminMessageBytesMax = 64u << 20;

// Federation. A part of an answer is as many sheets as fit, so that neither side holds a whole
// answer in memory to sign, seal or send it.
inline constexpr std::size_t kPeersMax = 64;
inline constexpr std::uint32_t kHopsMax = 4;
inline constexpr std::size_t kQueryBytesMax = 4'096;  // the signed envelope
inline constexpr std::size_t kAnswerPartBytesMax = 256u << 10;
inline constexpr std::size_t kAnswerPartsMax = 4'096;
inline constexpr std::size_t kFederationMessageBytesMax = 1u << 20;
inline constexpr std::size_t kMergedBytesMax = 256u << 20;  // what an asker keeps of all answers
inline constexpr std::chrono::seconds kQueryTimeMax{120};
inline constexpr std::chrono::seconds kDeadlineSlack{5};  // a deadline is a duration on the way
inline constexpr std::size_t kNoncesMax = 65'536;  // questions remembered until they expire
inline constexpr std::size_t kNoncesPerPartyMax = 4'096;
inline constexpr std::size_t kQueriesAtOnceMax = 32;
inline constexpr std::size_t kQueriesPerCallerMax = 16;  // so that nobody takes every place
static_assert(kQueriesPerCallerMax < kQueriesAtOnceMax);
inline constexpr std::chrono::minutes kConnectionAgeMax{10};
static_assert(kAnswerPartBytesMax < kFederationMessageBytesMax);

// Backups. The manifest has to fit into an envelope (crypto/dsse.h).
inline constexpr std::size_t kBackupFilesMax = 4'096;
inline constexpr std::size_t kBackupFileNameBytesMax = 64;
inline constexpr std::uint64_t kBackupBytesMax = std::uint64_t{1} << 42;
static_assert(kBackupFilesMax * (kBackupFileNameBytesMax + 48) < (512u << 10));
// Withdrawn grants that are remembered beside the database: all that the households may have.
inline constexpr std::size_t kWithdrawalsMax = kHouseholdsMax * kGrantsPerHouseholdMax;
inline constexpr std::size_t kErasuresMax = 10'000;  // of a backup's and a restore's list
inline constexpr std::chrono::days kKeysBackupLife{30};
inline constexpr std::chrono::days kReceiptLife{30};  // so long is that of an erasure given again

}  // namespace gateway::limits
