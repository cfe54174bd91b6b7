#include "gateway/pipeline/pipeline.h"

#include <algorithm>
#include <filesystem>

#include "gateway/base/log.h"

namespace gateway::pipeline {
namespace {

// Entries gather this long before the thread takes them: one wake-up for many messages.
constexpr std::chrono::milliseconds kGather{4};
constexpr std::chrono::milliseconds kTickInterval{1'000};
constexpr std::chrono::minutes kRetentionInterval{6 * 60};
constexpr std::chrono::minutes kRetentionWhenFull{10};
constexpr std::string_view kModeKey = "mode";  // row of the meta table: "live" or "replay"
constexpr std::string_view kRemedy = "`commons backup restore`";

}  // namespace

Pipeline::Pipeline(PipelineOptions options)
    : dir_(std::move(options.dir)),
      gateway_(std::move(options.gateway)),
      clock_(*options.clock),
      replay_(options.replay),
      checkpoint_interval_(options.checkpoint_interval),
      sync_(options.sync),
      space_(options.space),
      facts_(std::move(options.facts)),
      own_filters_max_(options.own_filters_max),
      env_(options.env),
      broker_logins_(options.broker_logins),
      keyslots_path_(std::move(options.keyslots)),
      master_(std::move(options.master)) {}

StatusOr<std::unique_ptr<Pipeline>> Pipeline::Open(PipelineOptions options) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline(std::move(options)));
  const Status started = pipeline->Start();
  if (started.code() == StatusCode::kDataLoss &&
      Message(started).find(kRemedy) == std::string_view::npos) {
    return DataLoss("%s; restore a backup with %s", Message(started), kRemedy);
  }
  RETURN_IF_ERROR(started);
  return pipeline;
}

Pipeline::~Pipeline() {
  if (const Status status = Close(); !status.ok()) {
    Log(LogLevel::kError, "closing the store: %s", std::string(Message(status)));
  }
}

Status Pipeline::Start() {
  RETURN_IF_ERROR(OpenDatabase());
  ASSIGN_OR_RETURN(vault_, store::Vault::Open(*database_, std::move(master_)));
  RETURN_IF_ERROR(SettleKeyslots());
  RETURN_IF_ERROR(CheckMode());
  RETURN_IF_ERROR(BeginRestored());
  RETURN_IF_ERROR(KeepCertificate());
  ASSIGN_OR_RETURN(ledger_, ledger::Ledger::Open(*vault_));
  // The journal's numbering must continue after `folded`, which only the checkpoint knows; the
  // core in turn needs a journal. Nothing is appended before both are there.
  ASSIGN_OR_RETURN(journal_, store::Journal::Open(*vault_, 0));
  syncer_ = std::make_unique<store::Syncer>(*database_, sync_);
  // What a backup has was durable and readable before it was made.
  const uint64_t ledger_known =
      restored_.has_value() ? ledger_->size() : high_water_->mark().ledger;
  const auto make_core = [&] {
    core_ = std::make_unique<Core>(CoreParts{.vault = *vault_,
                                             .journal = *journal_,
                                             .syncer = *syncer_,
                                             .ledger = *ledger_,
                                             .counters = counters_,
                                             .losses = *losses_,
                                             .gateway = gateway_,
                                             .facts = facts_,
                                             .replay = replay_ != nullptr,
                                             .ledger_known = ledger_known});
    return core_->Load();
  };
  RETURN_IF_ERROR(ReportShortfall());
  RETURN_IF_ERROR(make_core());
  if (core_->folded() > journal_->last()) {
    const uint64_t folded = core_->folded();
    core_.reset();
    ASSIGN_OR_RETURN(journal_, store::Journal::Open(*vault_, folded));
    RETURN_IF_ERROR(make_core());
  }
  if (core_->registry().rules() == nullptr && ledger_->size() > 0) {
    return DataLoss("registry: the rules by which the ledger was written are missing");
  }
  RETURN_IF_ERROR(ChooseIdentity());
  RETURN_IF_ERROR(LoadWithdrawals());
  RETURN_IF_ERROR(LoadRetractions());
  if (replay_ != nullptr) replay_->Set(std::max(replay_->SystemNow(), core_->clock_floor()));
  RETURN_IF_ERROR(LoadRecentHashes());
  RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
  RETURN_IF_ERROR(FinishRestored());
  RETURN_IF_ERROR(FinishErasures());
  RETURN_IF_ERROR(FinishSealingAnew());
  RETURN_IF_ERROR(KeepToFence());
  // What an earlier process decided may sit in the write-ahead log only.
  RETURN_IF_ERROR(core_->MakeReadable());
  const Time now = clock_.SystemNow();
  if (core_->registry().rules() != nullptr && ClockSound(now)) {
    // What became due meanwhile, or was about to take effect when the process ended.
    if (const auto enacted = EnactDue(now); !enacted.ok()) {
      Log(LogLevel::kError, "rules that are due: %s", std::string(Message(enacted.status())));
    }
  }
  if (const auto decided = core_->DecideDue(now, ClockSound(now)); !decided.ok()) {
    // Pending stays pending; intake and residents' rights go on.
    Log(LogLevel::kError, "deciding at start: %s", std::string(Message(decided.status())));
  }
  ASSIGN_OR_RETURN(quarantine_, store::Quarantine::Open(*vault_));
  PublishAdmissions();
  PublishDocuments();
  PublishGauges();
  syncer_->Record(*high_water_, [this] { return Committed(); });
  last_checkpoint_ = last_tick_ = clock_.SteadyNow();
  thread_ = std::thread([this] { Run(); });
  return OkStatus();
}

Status Pipeline::CheckMode() {
  const std::string_view mode = replay_ != nullptr ? "replay" : "live";
  ASSIGN_OR_RETURN(const std::optional<std::string> row,
                   vault_->GetRow(store::Table::kMeta, kModeKey));
  if (!row.has_value()) {
    store::Batch batch;
    RETURN_IF_ERROR(vault_->PutOwn(batch, store::Table::kMeta, kModeKey, mode));
    return vault_->Commit(batch);
  }
  if (*row == mode) return OkStatus();
  return FailedPrecondition("store: it was made for a %s clock, and a %s clock may not open it",
                            *row, mode);
}

Status Pipeline::LoadRecentHashes() {
  const MutexLock intake(intake_gate_);
  recent_hashes_.assign(limits::kInflightMax, 0);
  const uint64_t last = journal_->last();
  const uint64_t recent = last > limits::kInflightMax ? last - limits::kInflightMax : 0;
  // Between two checkpoints more entries can come than the ring holds, and each of them counts.
  const uint64_t after = std::min(recent, core_->folded());
  // What is damaged has no hash any more; folding reports it.
  const auto ignore = [](uint64_t, uint64_t) {};
  uint64_t previous = 0;
  const auto remember = [&](const store::JournalEntry& entry) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    // A message of several owners is several entries, and one message.
    if (entry.message_hash != previous) {
      recent_hashes_[next_hash_++ % recent_hashes_.size()] = entry.message_hash;
    }
    previous = entry.message_hash;
    // Invariant I8: entries found unfolded at start count as received by this process.
    if (entry.sequence > core_->folded()) counters_.Received(entry.items.size());
    return true;
  };
  return journal_->ReadFrom(after, last - after, remember, ignore);
}

Status Pipeline::Close() {
  if (thread_.joinable()) {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
    }
    wake_.NotifyAll();
    thread_.join();
    Status status = core_->FoldThrough(journal_->last());
    const Time now = clock_.SystemNow();
    if (status.ok()) status = core_->Checkpoint(ClockSound(now) ? now : core_->clock_floor());
    if (status.ok()) status = syncer_->Barrier();
    syncer_->Stop();
    const Status closed = database_->Close();
    return status.ok() ? closed : status;
  }
  return OkStatus();
}

std::shared_ptr<const port::AdmissionTable> Pipeline::admissions() const {
  const MutexLock lock(mutex_);
  return admissions_;
}

void Pipeline::PublishAdmissions() {
  std::shared_ptr<const port::AdmissionTable> table = core_->registry().admissions();
  {
    const MutexLock lock(mutex_);
    if (table == admissions_) return;  // a grant, say
    admissions_.swap(table);
  }
  if (watcher_) watcher_();
}

void Pipeline::PublishDocuments() {
  if (core_->registry().rules() == nullptr) return;
  policy::StoredDocuments stored = core_->registry().stored_payloads();
  auto documents = std::make_shared<const port::ActiveDocuments>(
      port::ActiveDocuments{.charter = std::move(stored.charter),
                            .policy = std::move(stored.policy),
                            .roster = std::move(stored.roster)});
  const MutexLock lock(mutex_);
  documents_ = std::move(documents);
  audiences_ = core_->registry().audiences();
}

// One entry per owner. A message seldom has more than one.
std::vector<store::JournalEntry> Pipeline::EntriesOf(std::span<const port::Admitted> readings,
                                                     Time now, uint64_t hash,
                                                     uint64_t& gone) const {
  std::vector<store::JournalEntry> entries;
  for (const port::Admitted& admitted : readings) {
    const port::Admission& admission = *admitted.admission;
    if (!vault_->MaySeal(admission.owner, MonthOf(now))) {
      // A clock that was set back by months, or the owner is gone. Waiting would not help.
      ++gone;
      continue;
    }
    auto entry = std::ranges::find(entries, admission.owner, &store::JournalEntry::owner);
    if (entry == entries.end()) {
      entry = entries.insert(entries.end(), {.sequence = 0,
                                             .owner_kind = admission.owner_kind,
                                             .owner = admission.owner,
                                             .arrival = now,
                                             .message_hash = hash,
                                             .items = {}});
    }
    entry->items.push_back({admission.series, admitted.reading});
  }
  return entries;
}

Status Pipeline::Append(const port::Delivery& delivery, std::span<const port::Admitted> readings,
                        bool numbered) {
  const uint64_t hash = vault_->MessageHash(delivery.topic, delivery.payload);
  const MutexLock intake(intake_gate_);
  if ((delivery.redelivered || numbered) &&
      std::find(recent_hashes_.begin(), recent_hashes_.end(), hash) != recent_hashes_.end()) {
    counters_.Settle(Outcome::kDuplicateRedelivered, readings.size());
    return OkStatus();
  }
  const Time now = Now();
  uint64_t gone = 0;
  std::vector<store::JournalEntry> entries = EntriesOf(readings, now, hash, gone);
  // On an error everything is still in hand, what has no key included.
  if (!entries.empty()) RETURN_IF_ERROR(journal_->Append(entries, now));
  counters_.Settle(Outcome::kKeyGone, gone);
  if (entries.empty()) return OkStatus();
  recent_hashes_[next_hash_++ % recent_hashes_.size()] = hash;
  syncer_->Notify(delivery.payload.size() + delivery.topic.size());
  bool was_empty = false;
  {
    const MutexLock lock(mutex_);
    was_empty = entries_.empty();
    for (store::JournalEntry& entry : entries) {
      if (entries_.size() < limits::kPipelineQueueMax) {
        entries_.push_back(std::move(entry));
      } else {
        skipped_ = true;
      }
    }
  }
  if (was_empty) wake_.NotifyOne();
  return OkStatus();
}

Time Pipeline::Now() const {
  const Time now = clock_.SystemNow();
  const Time floor = core_->clock_floor();
  if (now >= floor) {
    below_since_.store(0, std::memory_order_relaxed);
    return now;
  }
  const auto steady = clock_.SteadyNow().time_since_epoch().count();
  std::chrono::steady_clock::rep since = 0;
  if (below_since_.compare_exchange_strong(since, steady, std::memory_order_relaxed)) since = steady;
  return floor + std::chrono::duration_cast<Millis>(std::chrono::steady_clock::duration(steady - since));
}

bool Pipeline::ClockSound() const { return ClockSound(clock_.SystemNow()); }

bool Pipeline::ClockSound(Time now) const { return SoundAbove(core_->clock_floor(), now); }

bool Pipeline::SoundAbove(Time floor, Time now) const {
  if (now < floor) return false;
  // A floor that was never raised says nothing about a clock that begins in 1970 too.
  return clock_.Synchronised() || (floor > Time{} && now - floor <= std::chrono::hours(24));
}

bool Pipeline::Take(std::deque<store::JournalEntry>& entries, std::deque<Command>& commands) {
  const MutexLock lock(mutex_);
  const auto tick = std::chrono::steady_clock::now() + kTickInterval;
  while (!stopping_ && commands_.empty() && entries_.empty() && wake_.WaitUntil(mutex_, tick)) {
  }
  if (!entries_.empty()) {
    const auto gathered = std::chrono::steady_clock::now() + kGather;
    while (!stopping_ && commands_.empty() && wake_.WaitUntil(mutex_, gathered)) {
    }
  }
  if (stopping_ && commands_.empty()) return false;
  entries.swap(entries_);
  commands.swap(commands_);
  return true;
}

Status Pipeline::Retain(Time now) {
  last_retention_ = now;  // whatever becomes of it: one that fails is not tried every second
  RETURN_IF_ERROR(core_->Retain(now, [this] { return !IsStopping(); }));
  // Below where intake that was paused goes on: store/space.h.
  const uint64_t goal = space_.quota_bytes - space_.quota_bytes / 8;
  return goal > 0 ? core_->RetainToSize(now, goal) : OkStatus();
}

bool Pipeline::IsStopping() {
  const MutexLock lock(mutex_);
  return stopping_;
}

void Pipeline::NoteQuestion(const PartyId& party, const std::string& purpose, bool answered) {
  const Time now = clock_.SystemNow();
  const MutexLock lock(mutex_);
  if (questions_.size() >= limits::kQuestionsNotedMax) return;
  questions_.push_back({.party = party, .purpose = purpose, .answered = answered, .at = now});
}

void Pipeline::Run() {
  while (true) {
    std::deque<store::JournalEntry> entries;
    std::deque<Command> commands;
    if (!Take(entries, commands)) return;
    Turn(std::move(entries), commands);
  }
}

void Pipeline::Turn(std::deque<store::JournalEntry> entries,
                    const std::deque<Command>& commands) {
  Status status;
  for (const store::JournalEntry& entry : entries) {
    if (entry.sequence <= core_->folded()) continue;  // read from the journal already
    const StatusOr<bool> next = core_->FoldNext(entry);
    status = next.ok() ? (*next ? OkStatus() : core_->FoldThrough(entry.sequence)) : next.status();
    if (!status.ok()) break;
  }
  bool skipped = false;
  std::vector<AskedQuestion> questions;
  {
    const MutexLock lock(mutex_);
    std::swap(skipped, skipped_);
    questions.swap(questions_);
  }
  for (const AskedQuestion& asked : questions) {
    core_->NoteQuestion(asked.party, asked.purpose, asked.answered, asked.at);
  }
  if (status.ok() && skipped) status = core_->FoldThrough(journal_->last());
  // Before anything is decided: a withdrawal that waits counts (I11).
  for (const Command& command : commands) command();
  const auto steady = clock_.SteadyNow();
  const bool tick = steady - last_tick_ >= kTickInterval;
  if (status.ok() && tick) {
    last_tick_ = steady;
    if (core_->folded() < journal_->last()) status = core_->FoldThrough(journal_->last());
    const Time now = clock_.SystemNow();
    // Replay time moves, and decides, only by AdvanceClock.
    if (status.ok() && replay_ == nullptr) {
      const bool sound = ClockSound(now);
      // Before sheets are decided: what tightens must not come too late for them.
      if (sound && now >= next_enactment_) status = EnactDue(now).status();
      if (status.ok()) status = core_->DecideDue(now, sound).status();
      if (sound) {
        const Status expired = ExpireQuarantine(now);
        if (status.ok()) status = expired;
      }
      // A clock that is wrong must not delete a year: retention waits for it like releases do.
      // A sheet that cannot be decided keeps its own readings, and no others.
      const auto interval = database_->space().ok() ? kRetentionInterval : kRetentionWhenFull;
      if (sound && now - last_retention_ >= interval) {
        const Status retained = Retain(now);
        if (status.ok()) status = retained;
      }
    }
  }
  if (status.ok() && core_->bytes_since_checkpoint() > 0 &&
      (core_->bytes_since_checkpoint() >= limits::kCheckpointBytesMax ||
       steady - last_checkpoint_ >= checkpoint_interval_)) {
    // An unsound clock must not become the floor by which it is judged: a minute later it would
    // pass for sound, and once corrected it would stay below that floor for good.
    const Time now = clock_.SystemNow();
    status = core_->Checkpoint(ClockSound(now) ? now : core_->clock_floor());
    last_checkpoint_ = steady;
  }
  PublishGauges();
  // Nothing is lost: the journal holds it, and the next tick tries again. Said once, however long
  // the disk stays as it is.
  std::string failure(Message(status));
  if (!failure.empty() && failure != last_failure_) Log(LogLevel::kError, "pipeline: %s", failure);
  last_failure_ = std::move(failure);
}

}  // namespace gateway::pipeline
