// The gateway's core behind its three ports: intake for MQTT, commands for the operator, decided
// cells for whoever may read them. Owns the store, the ledger, the sync thread and the one
// pipeline thread to which all mutable state is confined.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gateway/backup/manifest.h"
#include "gateway/backup/restored.h"
#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"
#include "gateway/ledger/ledger.h"
#include "gateway/pipeline/cell_rows.h"
#include "gateway/pipeline/core.h"
#include "gateway/pipeline/counters.h"
#include "gateway/pipeline/figures.h"
#include "gateway/pipeline/options.h"
#include "gateway/pipeline/retractions.h"
#include "gateway/pipeline/sheet_index.h"
#include "gateway/port/cell_source.h"
#include "gateway/port/commands.h"
#include "gateway/port/intake.h"
#include "gateway/port/listening.h"
#include "gateway/store/high_water.h"
#include "gateway/store/journal.h"
#include "gateway/store/losses.h"
#include "gateway/store/quarantine.h"
#include "gateway/store/sealed_rows.h"
#include "gateway/store/syncer.h"

namespace gateway::pipeline {

class KeyRenewal;       // key_renewal.h
struct HouseholdFacts;  // household_export.h

// Thread-safe, except that Append, Refused and Received belong to one thread (MQTT's), and Close
// is the last call.
class Pipeline final : public port::Intake, public port::Commands, public port::CellSource {
 public:
  // Opens the store and folds what an earlier process left in the journal; from then on messages
  // may come.
  // Returns as Database::Open, Vault::Open and Core::Load do.
  static StatusOr<std::unique_ptr<Pipeline>> Open(PipelineOptions options);
  ~Pipeline() override;

  // For GetStatus. Call before commands arrive.
  void SetBrokerState(std::function<port::BrokerState()> broker) { broker_ = std::move(broker); }

  // Is told, on the pipeline's thread, after each change of the registry or the rules. Call before
  // commands arrive; it must not call the pipeline's commands.
  void SetAdmissionsWatcher(std::function<void()> watcher) { watcher_ = std::move(watcher); }

  // The topic filters that the MQTT session may have: kept for the next process, which has to take
  // back those that it does not want. Thread-safe. Subscriptions() is empty if there are none, or
  // none that can be read.
  std::vector<std::string> Subscriptions() const;
  // Topics of a household that this process erased are left out: if it ends before they are taken
  // back, the broker goes on sending them, and the door denies them.
  // Returns as Database::Commit, with what was kept before.
  Status KeepSubscriptions(const std::vector<std::string>& filters);

  // For the quarantine. Likewise; without it nothing is tried again and every name is masked.
  void SetRereading(port::Rereading rereading) { rereading_ = std::move(rereading); }

  // For the duties of the policy: duties.h. Never waits; thread-safe.
  void NoteQuestion(const PartyId& party, const std::string& purpose, bool answered);

  // Never waits for the pipeline thread, however busy it is; from Open on, thread-safe. figures.cc
  GatewayFigures figures() const;

  // By what the gateway is known, for whoever speaks for it to others; from Open on, thread-safe.
  // The private key in it is in clear: hand it on and Wipe it.
  // With the same certificate for the store's lifetime: clients that are not ours trust it whole.
  StatusOr<crypto::TlsIdentity> tls_identity() const;
  const crypto::Signer& signer() const { return vault_->signer(); }  // of answers

  // Folds and checkpoints what is there, makes it durable, closes the store. Intake must have
  // stopped. Returns the first error; the journal keeps what could not be folded.
  Status Close();

  // port::Intake
  std::shared_ptr<const port::AdmissionTable> admissions() const override;
  // Never below what was made durable: a board that boots in 1970 goes on from there.
  Time Now() const override;
  bool ClockSound() const override;
  bool ComparesStampsWithNow() const override { return replay_ == nullptr && ClockSound(); }
  void Received(uint32_t observations) override { counters_.Received(observations); }
  void Refused(port::DoorCode code) override { counters_.Refused(code); }
  Status Append(const port::Delivery& delivery, std::span<const port::Admitted> readings,
                bool numbered) override;
  void Quarantine(const port::Delivery& delivery, const port::PutAside& aside) override;

  // port::Commands: commands.cc
  StatusOr<port::HouseholdInvite> AddHousehold(const std::string& household,
                                               const std::string& zone, uint32_t adults) override;
  Status ConfirmHousehold(const std::string& household,
                          const std::vector<std::string>& acceptances,
                          const std::string& confirmation) override;
  StatusOr<std::vector<port::HouseholdRow>> ListHouseholds() override;
  StatusOr<std::string> ImportGrant(const std::string& envelope) override;
  StatusOr<uint32_t> WithdrawGrants(const std::string& household,
                                    const std::string& grant_id,
                                    const std::string& metric = "") override;
  StatusOr<std::vector<port::GrantRow>> ListGrants(const std::string& household) override;
  StatusOr<std::vector<std::string>> ActivateDocuments(
      const std::vector<std::string>& envelopes) override;
  StatusOr<std::vector<port::DocumentRow>> ShowDocuments() override;
  StatusOr<port::Handed> ProposeDocuments(const std::vector<std::string>& envelopes) override;
  StatusOr<port::ChangeRow> CastVote(const std::string& household,
                                     const std::string& envelope) override;
  StatusOr<port::RulesState> ShowRules() override;
  StatusOr<port::Simulation> SimulatePolicy(  // simulate.cc
      const std::string& proposal, Millis since,
      const std::function<bool(uint64_t done, uint64_t total)>& progress) override;
  StatusOr<std::vector<Cell>> PendingCells(const port::CellFilter& filter) override;
  StatusOr<port::CellExplanation> ExplainCell(const std::string& rule, const std::string& zone,
                                              Time start) override;
  StatusOr<uint32_t> AdvanceClock(Time now) override;
  StatusOr<port::GatewayStatus> GetStatus() override;
  StatusOr<port::GatewayPublicKeys> GetKeys() override;
  StatusOr<uint64_t> RetractCell(const std::string& envelope) override;  // retract.cc
  // places.cc
  Status AddPlace(const std::string& place, const std::string& zone) override;
  Status ConfirmPlace(const std::string& place, const std::string& confirmation) override;
  StatusOr<std::vector<port::PlaceRow>> ListPlaces() override;
  // devices.cc
  StatusOr<port::DeviceCredentials> EnrolDevice(const port::DeviceEnrolment& enrolment) override;
  StatusOr<std::vector<port::DeviceRow>> ListDevices() override;
  StatusOr<port::DeviceCredentials> RenewLogin(const std::string& device) override;
  StatusOr<port::DeviceCredentials> AddBrokerLogin(const std::string& name,
                                                   const std::string& profile) override;
  StatusOr<std::vector<port::BrokerLoginRow>> ListBrokerLogins() override;
  Status RemoveBrokerLogin(const std::string& name) override;
  // keys.cc
  StatusOr<std::vector<port::KeySlotRow>> ListKeySlots() override;
  Status AddKeySlot(const std::string& slot) override;
  Status RemoveKeySlot(const std::string& id) override;
  StatusOr<uint64_t> RotateKeys(const std::string& level) override;
  StatusOr<std::string> EraseHousehold(const std::string& household) override;  // erase.cc
  StatusOr<std::string> ErasureReceipt(const std::string& household) override;
  Status ExportHousehold(const std::string& household,
                         const std::function<bool(std::string_view sealed)>& sink) override;
  StatusOr<port::BackupReceipt> CreateBackup(  // backup.cc
      const port::BackupRequest& request,
      const std::function<bool(uint64_t done, uint64_t total)>& progress) override;
  Status AcknowledgeLoss() override;  // loss.cc
  // quarantine.cc
  StatusOr<std::vector<port::QuarantineRow>> ListQuarantine(
      const port::QuarantineFilter& filter) override;
  StatusOr<port::RetryResult> RetryQuarantine(const port::QuarantineFilter& filter) override;
  StatusOr<uint32_t> DropQuarantine(const port::QuarantineFilter& filter) override;

  // port::CellSource: cells.cc
  Status VisitCells(const port::CellFilter& filter,
                    const std::function<bool(const port::DecidedCell&)>& visit) const override;
  std::shared_ptr<const port::ActiveDocuments> documents() const override;
  port::Moment moment() const override;
  bool replay() const override { return replay_ != nullptr; }
  std::string checkpoint() const override;
  StatusOr<port::LoggedEntry> Logged(uint64_t leaf) const override;
  std::vector<port::RetractionRef> RetractionsOf(uint64_t leaf) const override;

 private:
  using Command = std::function<void()>;

  explicit Pipeline(PipelineOptions options);
  Status Start();
  // Recorded and live data never meet, whatever the directory's marker has become: the store's own
  // row decides. Returns FailedPrecondition if the store was made for the other kind of clock.
  Status CheckMode();
  Status KeepCertificate();
  // Generations of the gateway's own keys: identity.cc
  struct Identity {
    uint32_t sign = 0, log = 0, tls = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  // Those that the roster in force names; of a key that it does not name, the one in use.
  StatusOr<Identity> NamedIdentity() const;
  // At a start, before anybody has the keys.
  Status ChooseIdentity();
  Status FenceLog();
  Status KeepToFence();
  StatusOr<std::string> TlsPin(uint32_t generation) const;
  // With the two files beside it.
  Status OpenDatabase();
  Status LoadReports();
  store::Mark Committed() const;
  // RocksDB cuts a damaged log short and says nothing; the high-water file knows better.
  Status ReportShortfall();
  Status LoadRecentHashes();
  void Run();
  bool IsStopping();
  Status Retain(Time now);
  // Waits for something to do and takes it. Returns false when the thread is to end.
  bool Take(std::deque<store::JournalEntry>& entries, std::deque<Command>& commands);
  void Turn(std::deque<store::JournalEntry> entries, const std::deque<Command>& commands);
  bool ClockSound(Time now) const;
  std::vector<store::JournalEntry> EntriesOf(std::span<const port::Admitted> readings, Time now,
                                             uint64_t hash, uint64_t& gone) const;
  // "ok", or "paused: " and why.
  std::string StoreState() const;
  bool SoundAbove(Time floor, Time now) const;
  StatusOr<uint32_t> StepClock(Time now);  // of a replay gateway: operate.cc
  // rules.cc
  // Checks all of them, keeps them, and lets what is due take effect: that is returned. The hashes
  // of what was kept are added to `kept`. Retirements count before anything is judged. propose.cc
  StatusOr<std::vector<std::string>> KeepDocuments(const std::vector<std::string>& envelopes,
                                                   Time now, std::vector<std::string>& kept);
  Status MergeKnown(KeptProposal& chain) const;
  Status KeepProposal(KeptProposal proposal, Time now);
  Status MakeRoom(const KeptProposal& proposal, Time now, store::Batch& batch,
                  std::vector<std::string>& dropped);
  Status Retire(const std::string& envelope);
  // What is due takes effect, in one batch each, durable before anybody sees it. Returns what did.
  StatusOr<std::vector<std::string>> EnactDue(Time now);
  Status CommitActivation(const policy::Activation& activation,
                          const std::map<policy::DocumentKind, std::string>& envelopes, Time now);
  // The first moment at which something takes effect by itself; never: Time::max().
  Time NextEnactment(Time now) const;
  // rules_state.cc
  port::ChangeRow ChangeOf(const KeptProposal& proposal, Time now) const;
  std::vector<port::DocumentRow> DocumentRows() const;
  Status WaitingStatus(const std::vector<std::string>& kept, Time now) const;
  void PublishAdmissions();
  void PublishDocuments();
  // Brings the index up to `watermark`.
  // Returns DataLoss if a row or an entry does not open or a row is missing.
  Status IndexSheets(uint64_t watermark) const;
  StatusOr<DecidedSheet> ReadSheet(uint64_t leaf) const;
  Status LoadRetractions();
  std::shared_ptr<const Retractions> retractions() const;
  // Decided cells of that rule and zone whose windows start then: one, unless the rule's id was
  // given to another metric.
  StatusOr<std::vector<port::DecidedCell>> DecidedAt(const RuleId& rule, const ZoneId& zone,
                                                     Time start) const;
  StatusOr<port::CellExplanation> ExplainDecided(const port::DecidedCell& decided);
  // restored.cc. What a restore left to be done, before and after the core is loaded; both remove
  // nothing that a later start would need if this one does not come to its end.
  Status BeginRestored();
  Status FinishRestored();
  Status EraseRestored();
  // backup.cc. What a backup takes on the pipeline's thread, all of one moment.
  struct BackupMoment;
  // Makes `dir` a copy of the store, unless it is empty; the manifest has no files yet.
  StatusOr<BackupMoment> TakeMoment(const std::string& dir, bool keys);
  Status CheckpointTo(const std::string& dir, backup::Manifest& manifest);
  StatusOr<port::BackupReceipt> BackUp(const port::BackupRequest& request,
                                       const std::function<bool(uint64_t, uint64_t)>& progress);
  StatusOr<port::BackupReceipt> BackUpData(const port::BackupRequest& request,
                                           backup::Manifest manifest, const std::string& copy,
                                           const std::function<bool(uint64_t, uint64_t)>& progress);
  // Returns the index of the entry.
  StatusOr<uint64_t> CommitRetraction(const port::DecidedCell& cell, const std::string& envelope,
                                      const std::string& reason);
  // A new master key, to which every keyslot but those of `without` opens: old copies of the
  // keyslots file open nothing any more. Whatever interrupts it, the file opens the store. Returns
  // how many data keys were wrapped. On the pipeline thread; keys.cc
  StatusOr<uint64_t> RenewMasterKey(const std::string& without = "");
  // At a start: the file keeps the one master key that the store is under now.
  Status SettleKeyslots();
  StatusOr<uint64_t> FinishRenewal(const std::string& without);
  // The slots of the file that are genuine. Returns DataLoss if none is.
  StatusOr<std::vector<crypto::Keyslot>> GenuineKeyslots() const;
  // Fresh data keys for every owner. Returns how many. On the pipeline thread; keys.cc
  StatusOr<uint64_t> RenewDataKeys();
  Status SealAnew(KeyRenewal& renewal);
  Status FinishSealingAnew();  // at a start: of a crash
  // Seals the master key, and the next one while there is one, to the slots, and writes the file.
  Status WriteKeyslots(std::vector<crypto::Keyslot> slots) const;
  // erase.cc
  StatusOr<std::vector<std::string>> ReadErasures() const;
  Status NoteErasure(const OwnerId& owner);
  Status DestroyOwner(const OwnerId& owner);
  // Takes the topics of its devices out of what the broker may have: subscriptions.cc
  Status ForgetTopics(const Household* household, store::Batch& batch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(subscriptions_gate_);
  Status PutSubscriptions(store::Batch& batch, const std::vector<std::string>& filters);
  void ForgetOwner(const OwnerId& owner);  // in memory, after DestroyOwner
  // Whether files may still hold what was destroyed. Thread-safe.
  StatusOr<bool> IsErasing() const;
  // Takes what was destroyed out of every file. On any thread; what belongs to the pipeline's is
  // handed to `on_pipeline`.
  using OnPipeline = std::function<Status(const std::function<Status()>&)>;
  Status Scrub(const OnPipeline& on_pipeline);
  StatusOr<std::string> SignedReceipt(const std::string& household);
  Status RewriteOwnersTables();
  // Of a crash, or of a restore that brought an erased owner back.
  Status FinishErasures();
  // withdrawals.cc
  // Brings database and file to the same: what either says is withdrawn is.
  Status LoadWithdrawals();
  Status KeepObjections(Time now);  // new rules may name a metric that a restored store did not know
  // Those of the household's grants that are withdrawn, durably.
  Status NoteWithdrawals(const Household& household);
  // Those of a household that is erased; what the disk refuses is logged.
  void ForgetWithdrawals(const Household& household);
  Status WriteWithdrawals() const;
  Status CommitHousehold(Household household);  // or a place
  // Tries again what `unsaved_` names.
  Status SaveWithdrawals();
  // quarantine.cc
  Status VisitQuarantine(const port::QuarantineFilter& filter,
                         const std::function<Status(const store::QuarantinedMessage&)>& visit);
  StatusOr<uint64_t> Retry(const store::QuarantinedMessage& message,
                           const std::shared_ptr<const port::AdmissionTable>& table);
  Status ExpireQuarantine(Time now);
  void PublishGauges();
  port::DeviceCredentials NewCredentials() const;
  Status CommitBridges(std::vector<port::BridgeLogin> bridges);
  StatusOr<HouseholdFacts> GatherFacts(const std::string& household);  // export.cc
  // Runs `command` on the pipeline thread and waits for its result.
  template <typename Result>
  Result Call(std::function<Result()> command);
  Status Post(Command command);

  // Constant after Open.
  const std::string dir_;
  const GatewayId gateway_;
  const Clock& clock_;
  ReplayClock* const replay_;
  const std::chrono::seconds checkpoint_interval_;
  const store::SyncerOptions sync_;
  const store::SpaceLimits space_;
  const port::ProfileFacts facts_;
  const std::size_t own_filters_max_;
  rocksdb::Env* const env_;
  const bool broker_logins_;
  const std::string keyslots_path_;
  crypto::MasterKeys master_;  // moved on by Start
  std::function<bool()> broker_connected_;
  port::Rereading rereading_;
  std::function<port::BrokerState()> broker_;
  std::function<void()> watcher_;
  Identity identity_;        // in use
  std::string certificate_;  // PEM, of its TLS key
  std::unique_ptr<store::Losses> losses_;
  std::unique_ptr<store::HighWater> high_water_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Vault> vault_;
  std::unique_ptr<store::Journal> journal_;
  std::unique_ptr<store::Quarantine> quarantine_;
  std::unique_ptr<store::Syncer> syncer_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::atomic<bool> backing_up_{false};
  std::atomic<bool> simulating_{false};
  std::optional<backup::Restored> restored_;  // during Start
  IntakeCounters counters_;
  mutable SheetIndex sheets_;  // readers bring it up to the watermark when they need it
  // Since when the system's clock is below the floor; 0: it is not.
  mutable std::atomic<std::chrono::steady_clock::rep> below_since_{0};
  // Held by intake for each message, and by whoever must have none in between.
  Mutex intake_gate_;
  // Of the last kInflightMax journal entries, a ring.
  std::vector<uint64_t> recent_hashes_ ABSL_GUARDED_BY(intake_gate_);
  std::size_t next_hash_ ABSL_GUARDED_BY(intake_gate_) = 0;
  // Held while the row of subscriptions is read and written.
  Mutex subscriptions_gate_;
  // Pseudonyms: nothing of an erased household is in clear.
  std::set<std::string> forgotten_topics_ ABSL_GUARDED_BY(subscriptions_gate_);
  // Confined to the pipeline thread once it runs.
  std::unique_ptr<Core> core_;
  backup::Withdrawals withdrawals_;  // as in the file
  std::set<HouseholdId> unsaved_;    // households whose withdrawals the disk refused
  std::chrono::steady_clock::time_point last_checkpoint_{};
  std::chrono::steady_clock::time_point last_tick_{};
  Time next_enactment_{};  // looked up anew whenever anything was said; the epoch: now
  Time last_retention_{};
  std::string last_failure_;  // what the log says already
  std::optional<crypto::MasterKey> next_master_;  // while a renewal has begun and not ended
  // The inbox. The lock is never held while anything else is done.
  mutable Mutex mutex_;
  CondVar wake_;
  std::deque<store::JournalEntry> entries_ ABSL_GUARDED_BY(mutex_);
  std::deque<Command> commands_ ABSL_GUARDED_BY(mutex_);
  std::vector<AskedQuestion> questions_ ABSL_GUARDED_BY(mutex_);
  // An entry did not fit: read it from the journal.
  bool skipped_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Gauges gauges_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const port::AdmissionTable> admissions_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const port::ActiveDocuments> documents_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const Audiences> audiences_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const Audiences>();
  std::shared_ptr<const Retractions> retractions_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const Retractions>();

  std::thread thread_;  // last: starts when all else is ready
};

}  // namespace gateway::pipeline
