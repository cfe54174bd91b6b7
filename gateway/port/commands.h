// What an operator can ask of the daemon. Implemented by the pipeline, which runs each command on
// its own thread, in order; callers block until it has been carried out and, where it changes
// anything, made durable. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/status.h"
#include "gateway/model/cell.h"
#include "gateway/port/cell_source.h"
#include "gateway/port/quarantine.h"
#include "gateway/port/listening.h"

namespace gateway::port {

struct HouseholdInvite {
  std::string commons;
  std::string gateway;
  std::string subject;  // 16 bytes: what the resident will call the household in grants
  std::string nonce;    // 16 bytes: makes the acceptance answer this invite and no other
};

struct HouseholdRow {
  std::string household;
  std::string zone;
  std::string state;  // "invited", "confirmed"
  std::string subject;
  uint32_t adults = 0;
  uint32_t devices = 0;
  uint32_t grants = 0;  // not withdrawn
};

struct PlaceRow {
  std::string place;
  std::string zone;
  std::string state;    // "added", "confirmed"
  std::string subject;  // 16 bytes: what a confirmation calls the place
  uint32_t devices = 0;
};

struct DeviceRow {
  std::string device;
  std::string household;  // empty if it is a place's
  std::string place;      // empty if it is a household's
  std::string profile;
  std::string claim;      // as topics call it; empty if it is a secret
  std::string login;      // at the broker; empty if it has none
};

struct DeviceEnrolment {
  std::string device;     // what the operator calls it
  std::string household;  // this, or
  std::string place;
  std::string profile = "generic";
  std::string claim;        // as topics and payloads call it; empty: as the operator does
  bool secret = false;      // the claim is a credential
  std::string own_profile;  // text of a profile that was made for it alone
};

// Shown once, to whoever sets up the device. Both empty if the gateway provisions no logins.
struct DeviceCredentials {
  std::string login;
  std::string password;
};

// A login for a program that publishes for many devices.
struct BrokerLoginRow {
  std::string name;
  std::string profile;
  std::string login;
};

struct GrantRow {
  std::string id;  // 32 bytes
  std::string household;
  std::string state;  // "given", "withdrawn"; or "objected", which is no grant: a no to `metrics`
  std::vector<std::string> metrics, purposes, recipients;
  Time not_before, not_after;
};

// The documents as activated: exact payload bytes.
struct DocumentRow {
  std::string type;  // "charter", "policy", "roster"
  uint64_t version = 0;
  std::string hash;  // BLAKE2b-256 of the payload
  std::string payload;
  std::vector<std::string> signers;  // charter labels of the distinct valid signers
  Time expires;
  Time serves_until;  // `expires` and the charter's grace
};

// A change of the rules that is under way. Of residents only numbers.
struct ChangeRow {
  std::string type;    // "charter", "policy", "roster"
  uint64_t version = 0;
  std::string hash;    // of the payload, 32 bytes
  std::string stage;   // "proposed", "objected", "scheduled", "due"
  std::string change;  // what it is: "tighter", "looser", …, "rotation", "charter", "roster"
  std::vector<std::string> differences;  // for people, the first of them first
  std::vector<std::string> signatures;   // "policy: 1 of 2 (ana)", one for each role that counts
  Time first_seen, due;
  bool timed = false;     // `due` is when it takes effect by itself; else something is missing
  std::string waits_for;  // for people; empty if nothing
  uint32_t households = 0, objecting = 0, approving = 0;
};

struct RulesState {
  std::vector<DocumentRow> documents;  // in force
  std::vector<ChangeRow> changes;      // charter, policy, roster; the oldest first
  std::vector<std::string> retired;    // keys that count for nothing, as documents spell them
};

// What became of documents that were handed in.
struct Handed {
  std::vector<ChangeRow> changes;    // those that are kept, as they stand now
  std::vector<std::string> effects;  // what took effect at once: "policy: version 2"
};

struct CellExplanation {
  Cell cell;
  std::string cell_hash;  // BLAKE2b-256 of the decided cell's bytes; "" while it is pending
  std::string retracted;  // as in DecidedCell
  SuppressionReason reason = SuppressionReason::kNone;
  std::string text;  // one sentence for the operator
};

struct DoorCount {
  std::string outcome;  // "stored", "duplicate", "denied", "quarantined"
  std::string reason;   // "no-time", "conflict", …; "" for plain "stored"
  uint64_t observations = 0;
};

// What retention did since the process started.
struct RetentionCounts {
  uint64_t rolled_up = 0;       // readings that became part of a rollup
  uint64_t erased = 0;          // readings
  uint64_t erased_rollups = 0;  // buckets
  uint64_t keys_destroyed = 0;
  uint64_t bytes = 0;           // of rows deleted, or made shorter
  uint64_t damaged = 0;         // how often rollups were needed and did not open
  Time last_run;                // that was finished; the epoch if none was
};

struct GatewayStatus {
  std::string commons, gateway;
  std::string origin;  // of the ledger; ends in "/replay" under a replay clock
  bool replay = false;
  Time now;
  bool clock_sound = true;
  BrokerState broker;
  std::vector<std::string> expiry;  // of the documents in force: a sentence each, with the remedy
  uint64_t policy_version = 0;
  uint64_t received = 0;
  std::vector<DoorCount> counts;  // stored + duplicate + denied + quarantined + waiting = received
  uint64_t waiting = 0;
  uint64_t late = 0;  // of the stored: came after their day was decided
  uint64_t untimed = 0;  // of the stored: their time is not known, and no figure has them
  // Readings of counters in decided sheets that did not just grow, by reason: "dip", "spike" and
  // "replaced" added nothing, "reset" and "rollover" what was used since.
  std::vector<DoorCount> odd;
  uint64_t retried = 0;  // of the received: they came out of the quarantine
  uint64_t in_quarantine = 0;  // messages at present
  uint64_t journaled = 0, folded = 0;  // last journal number written, last one folded
  uint64_t households = 0, devices = 0, open_days = 0;
  uint64_t ledger_size = 0;
  std::string ledger_root;  // 32 bytes
  uint64_t released = 0, suppressed = 0;  // cells decided since the store was made
  std::vector<std::string> duties;  // of the policy in force: its id, state and what was missed
  // What the disk lost and nobody has acknowledged; then nothing is released.
  std::vector<std::string> lost;
  RetentionCounts retention;
  std::string store;           // "ok", or "paused: " and why nothing is stored at present
  uint64_t bytes_written = 0;  // by this process, to devices
};

// How many cells of a share rule a proposed policy would have decided how, in the days of one ISO week.
struct SimulatedWeek {
  std::string rule;
  std::string week;  // "2013-W03"
  uint64_t released = 0, suppressed = 0, refused = 0;
};

struct Simulation {
  uint64_t policy_version = 0;  // of the proposal
  std::vector<SimulatedWeek> weeks;    // by week, and in it in the proposal's order of rules
  std::vector<std::string> left_out;  // metrics whose stored readings mean something else by it
};

// By which keys the gateway is known: for the roster.
struct GatewayPublicKeys {
  std::string gateway;
  std::string tls;   // pin: SHA-256 of the TLS key's SubjectPublicKeyInfo
  std::string sign;  // Ed25519, signs answers
  std::string log;   // Ed25519, signs checkpoints
};

struct KeySlotRow {
  std::string id;      // X25519 public key
  std::string type;    // "passphrase", "key-file", "stewards"
  std::string detail;  // such as "2 of 3"; nothing secret
};

struct BackupRequest {
  std::string folder;                   // absolute path of a folder, or
  std::string file;                     // of an age file that is made
  std::vector<std::string> recipients;  // of the age file: "age1…"
  std::string since;                    // age file: id of the backup that it builds on
  std::string keys_file;                // also the keyslots, into this age file
  std::vector<std::string> keys_recipients;
};

struct BackupReceipt {
  std::string id;
  uint32_t files = 0;
  uint64_t bytes_new = 0, bytes_total = 0;
};

class Commands {
 public:
  virtual ~Commands() = default;

  // Invites a household of `adults` adults into `zone`.
  virtual StatusOr<HouseholdInvite> AddHousehold(const std::string& household,
                                                 const std::string& zone, uint32_t adults) = 0;
  // `acceptances`: one signed envelope of each adult; `confirmation`: a steward's envelope over
  // their hashes. Verifies everything, then begins to collect.
  virtual Status ConfirmHousehold(const std::string& household,
                                  const std::vector<std::string>& acceptances,
                                  const std::string& confirmation) = 0;
  virtual StatusOr<std::vector<HouseholdRow>> ListHouseholds() = 0;

  // Of the profile only its name is checked here; whether there is one of that name, ingest knows.
  // Returns AlreadyExists if the device's name or its claim is taken, whatever the profile.
  virtual StatusOr<DeviceCredentials> EnrolDevice(const DeviceEnrolment& enrolment) = 0;
  virtual StatusOr<std::vector<DeviceRow>> ListDevices() = 0;
  // A new login and password, for a device that has none or whose password is lost; the old ones
  // end.
  // Returns FailedPrecondition if the gateway makes no logins.
  virtual StatusOr<DeviceCredentials> RenewLogin(const std::string& device) = 0;

  // Logins of programs that publish for many devices of one profile, like zigbee2mqtt.
  // Returns FailedPrecondition if the gateway provisions no logins.
  virtual StatusOr<DeviceCredentials> AddBrokerLogin(const std::string& name,
                                                     const std::string& profile) = 0;
  virtual StatusOr<std::vector<BrokerLoginRow>> ListBrokerLogins() = 0;
  virtual Status RemoveBrokerLogin(const std::string& name) = 0;

  // Returns the grant's id (32 bytes).
  virtual StatusOr<std::string> ImportGrant(const std::string& envelope) = 0;
  // Withdraws one grant (32-byte id), or with an empty id every grant of the household, or instead
  // one metric out of all of them. Needs no key, and no grant: it is a no, also to what would count
  // without a yes, until every adult grants it anew; one grant's is a no to its metrics. Returns how
  // many were withdrawn.
  // Returns NotFound if the household, grant or metric is not known, InvalidArgument if both a grant
  // and a metric are named.
  virtual StatusOr<uint32_t> WithdrawGrants(const std::string& household,
                                            const std::string& grant_id,
                                            const std::string& metric) = 0;
  virtual StatusOr<std::vector<GrantRow>> ListGrants(const std::string& household) = 0;

  // Envelopes of charter, policy and roster in any order; all are verified before any is taken. The
  // first documents of a gateway take effect; later ones as ProposeDocuments has it.
  // Returns one warning per lint that does not refuse. FailedPrecondition if one of them is kept
  // and does not take effect yet: why, and when it will.
  virtual StatusOr<std::vector<std::string>> ActivateDocuments(
      const std::vector<std::string>& envelopes) = 0;
  // Keeps documents that have at least one signature, or adds signatures to those that are kept
  // already, and stewards' retirements of their own keys. What is due takes effect.
  virtual StatusOr<Handed> ProposeDocuments(const std::vector<std::string>& envelopes) = 0;
  // What an adult of the household signed about a proposal (policy/vote.h).
  virtual StatusOr<ChangeRow> CastVote(const std::string& household,
                                       const std::string& envelope) = 0;
  virtual StatusOr<RulesState> ShowRules() = 0;
  virtual StatusOr<std::vector<DocumentRow>> ShowDocuments() = 0;
  // What a proposed policy, signed by at least one steward of its role, would have done with the days
  // of the last `since`: numbers of cells, nothing else, and nothing changes. One at a time; `progress`
  // is told how far it is and stops it by false.
  // Returns PermissionDenied without such a signature, InvalidArgument if the proposal or `since` is not
  // one, Unavailable if another simulation is at work.
  virtual StatusOr<Simulation> SimulatePolicy(
      const std::string& proposal, Millis since,
      const std::function<bool(uint64_t done, uint64_t total)>& progress) = 0;

  // Cells of days with readings that are not decided yet; no figures.
  virtual StatusOr<std::vector<Cell>> PendingCells(const CellFilter& filter) = 0;
  // Why the cell of `rule` in `zone` that starts at `start` is as it is, or is missing.
  virtual StatusOr<CellExplanation> ExplainCell(const std::string& rule, const std::string& zone,
                                                Time start) = 0;

  // Replay only: makes `now` durable, then decides every due sheet in order. Returns how many.
  virtual StatusOr<uint32_t> AdvanceClock(Time now) = 0;
  virtual StatusOr<GatewayStatus> GetStatus() = 0;

  // Needs no active rules: the roster is made from it.
  virtual StatusOr<GatewayPublicKeys> GetKeys() = 0;

  // Marks a released cell as wrong, for ever: `envelope` is a steward's signed retraction. Returns
  // the index of its ledger entry.
  virtual StatusOr<uint64_t> RetractCell(const std::string& envelope) = 0;

  // Places: owners of devices that are no one's home. They share one name space with households.
  virtual Status AddPlace(const std::string& place, const std::string& zone) = 0;
  // `confirmation`: a steward's envelope that lists no acceptance. Then begins to collect.
  virtual Status ConfirmPlace(const std::string& place, const std::string& confirmation) = 0;
  virtual StatusOr<std::vector<PlaceRow>> ListPlaces() = 0;

  // What opens the store. `slot` is a keyslot without its sealed master key: no secret is needed to
  // add one. The last slot cannot be removed.
  virtual StatusOr<std::vector<KeySlotRow>> ListKeySlots() = 0;
  virtual Status AddKeySlot(const std::string& slot) = 0;
  virtual Status RemoveKeySlot(const std::string& id) = 0;
  // `level` is "master", "data" or "identity". Returns how many keys were made or wrapped anew.
  virtual StatusOr<uint64_t> RotateKeys(const std::string& level) = 0;

  // Destroys the household's keys, for ever. Returns the receipt, an envelope.
  virtual StatusOr<std::string> EraseHousehold(const std::string& household) = 0;
  // The same receipt again, for limits::kReceiptLife: a crash may have swallowed it.
  virtual StatusOr<std::string> ErasureReceipt(const std::string& household) = 0;
  // Hands everything the store has of the household to `sink`, sealed to its residents' keys, until
  // `sink` returns false.
  virtual Status ExportHousehold(const std::string& household,
                                 const std::function<bool(std::string_view sealed)>& sink) = 0;

  // One at a time. `progress` may be called often; false stops the backup.
  virtual StatusOr<BackupReceipt> CreateBackup(
      const BackupRequest& request,
      const std::function<bool(uint64_t done, uint64_t total)>& progress) = 0;

  // The operator has read what was lost: releases go on, days that have begun are given up.
  // Messages that were refused for what they say: quarantine.h.
  virtual StatusOr<std::vector<QuarantineRow>> ListQuarantine(const QuarantineFilter& filter) = 0;
  // Decodes them again with the profiles and rules of today, as if they came when they came. Those
  // that are admitted leave the quarantine; their observations are received once more.
  virtual StatusOr<RetryResult> RetryQuarantine(const QuarantineFilter& filter) = 0;
  // Deletes them. Returns how many.
  virtual StatusOr<uint32_t> DropQuarantine(const QuarantineFilter& filter) = 0;

  // The operator has read what was lost: releases go on, windows it may concern are given up.
  virtual Status AcknowledgeLoss() = 0;
};

}  // namespace gateway::port
