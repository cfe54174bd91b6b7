// A small commons over a real store in a temporary folder: signed documents, households with real
// keys, a replay clock, and readings handed to the intake as the MQTT side would.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/crypto/sign.h"
#include "gateway/pipeline/pipeline.h"

namespace gateway::pipeline {

Time At(std::string_view text);

// What every file in `dir` holds, one after the other.
std::string AllBytes(const std::filesystem::path& dir);

// Copies the files of an open store as they are at one moment: what a crash would leave.
void CopyOfOneMoment(const std::filesystem::path& from, const std::filesystem::path& to);

struct Member {
  std::string household;
  std::string device;
  crypto::Signer key;
  port::HouseholdInvite invite;
  uint64_t grants = 0;
  std::string last_grant;
};

struct GrantTimes {
  std::string from = "2012-01-01T00:00:00Z";
  std::string until = "2100-01-01T00:00:00Z";
};

class Commons {
 public:
  // Opens a gateway whose clock starts at `start`, with documents active.
  explicit Commons(std::string_view start = "2013-01-13T00:00:00Z", uint32_t k_min = 3);
  // The same, before any rules are active.
  struct WithoutRules {
    std::string gateway = "gw-a";
    bool live = false;  // a store that a machine's clock may open, too
  };
  explicit Commons(const WithoutRules& without);
  ~Commons();

  Pipeline& gateway() { return *pipeline_; }
  ReplayClock& clock() { return clock_; }
  const std::filesystem::path& dir() const { return dir_; }
  const std::string& master() const { return master_; }  // the first master key's bytes
  // The keyslots file, one slot of which this secret opens.
  std::string keyslots() const { return root_ / "keyslots"; }
  crypto::SecretKey slot_secret() const;
  const crypto::Signer& steward() const { return steward_; }

  // Invited, with a device.
  Member Invite(const std::string& household);
  // `policy_seen`: hash of the policy that the resident says to have had.
  void Confirm(const Member& member, std::string_view policy_seen = "");
  // Returns the grant's id, as the import does.
  StatusOr<std::string> TryGrant(Member& member, const GrantTimes& times = {});
  const std::string& last_envelope() const { return last_envelope_; }  // of a grant
  // Succeeds or fails the test.
  std::string Grant(Member& member, const GrantTimes& times = {});
  // All of the above.
  Member Join(const std::string& household);

  // Hands a reading to the intake as the door does; what the admission said.
  port::DoorCode Send(const Member& member, std::string_view time, int64_t wh,
                      bool redelivered = false);
  // The same as far as the journal lets it, for tests whose disk fails: on an error the message is
  // still in hand, to be handed in again.
  enum class Delivery { kFirst, kAgain, kRedelivered };
  Status TrySend(const Member& member, std::string_view time, int64_t wh, Delivery delivery);
  // `wh` at each half hour of the day that starts at `day`.
  void SendDay(const Member& member, std::string_view day, int64_t wh);

  std::vector<port::DecidedCell> Cells(const port::CellFilter& filter = {});
  // By reason, "" for stored; folds everything first.
  std::map<std::string, uint64_t> Counts();

  // A clean restart, or a crash: the process dies without closing anything, which is simulated by
  // opening a copy of the files as they are at this moment.
  void Restart();
  // `damage` does to the copy what the disk did.
  void Crash(const std::function<void(const std::filesystem::path&)>& damage = nullptr);
  // Leaves this store and opens the one in `dir`; on an error there is no gateway.
  Status TryOpen(const std::filesystem::path& dir);
  // A clean end; TryOpen follows.
  void Close();
  // A clean restart on that disk, whose syncs come often.
  void RestartOn(rocksdb::Env* env);
  // A clean restart, from which on devices get logins at the broker.
  void UseBrokerLogins();
  // A clean restart, from which on somebody reads the devices' own profiles: a topic for each line,
  // and all together so many.
  void ReadOwnProfiles(std::size_t filters_max);

  // YAML of the documents; version 1. The charter has no notices: most tests are not about them.
  std::string CharterYaml() const;
  std::string PolicyYaml(uint32_t k_min, uint64_t version = 1, const std::string& prev = "",
                         const std::string& recipients = "city-hall") const;
  // An envelope that the one steward signed.
  std::string Sign(std::string_view type, const std::string& payload) const;
  Status Activate(const std::vector<std::pair<std::string_view, std::string>>& documents);

 private:
  void MakeFolder();
  void WriteKeyslots();
  void Open();
  PipelineOptions Options();

  const std::string gateway_;
  const bool live_ = false;
  std::filesystem::path root_, dir_;
  int crashes_ = 0;
  rocksdb::Env* env_ = nullptr;
  bool broker_logins_ = false;
  port::ReadOwnProfile read_own_;
  std::size_t own_filters_max_ = 0;
  ReplayClock clock_;
  crypto::Signer steward_;
  std::string master_;
  std::string last_envelope_;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace gateway::pipeline
