// Who is here and by which rules: households and places with their devices, grants, and the signed
// documents in force. Kept in memory, one sealed row per household, place and document.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/model/ids.h"
#include "gateway/model/time.h"
#include "gateway/pipeline/audience.h"
#include "gateway/pipeline/proposals.h"
#include "gateway/policy/documents.h"
#include "gateway/policy/grant.h"
#include "gateway/policy/vote.h"
#include "gateway/port/intake.h"
#include "gateway/store/sealed_rows.h"

namespace gateway::pipeline {

class Admissions;  // admissions.h

struct GrantRecord {
  policy::Grant grant;
  std::string envelope;
  std::optional<Time> withdrawn_at;
};

// A household's no, to one metric or all of them: with or without grants that were taken back. It
// stands until every adult has given a later grant.
struct Objection {
  std::string metric;   // empty: all
  Time at;
  uint32_t grants = 0;  // as many had been given: the first of the later ones
  uint32_t number = 1;  // of the household's objections to this metric
};

struct VoteRecord {
  policy::Vote vote;
  std::string envelope;
};

// An owner of devices: a household, or a place, which has no adults and so no invite, acceptances
// or grants.
struct Household {
  OwnerKind kind = OwnerKind::kHousehold;
  HouseholdId id;  // one name space for both kinds
  ZoneId zone;
  SubjectId subject;
  std::string invite_nonce;  // 16 bytes
  uint32_t adults = 1;       // how many must accept, and grant; of a place 0
  std::optional<Time> confirmed_at;
  std::vector<std::string> adult_keys;   // Ed25519, one per accepted adult
  std::vector<std::string> acceptances;  // envelopes
  std::string confirmation;              // envelope
  std::vector<port::EnrolledDevice> devices;  // `expected` is left to the admissions
  std::vector<GrantRecord> grants;        // in the order in which they came
  std::vector<Objection> objections;      // at most one for a metric, and one for all
  // Since when every adult has known a consent rule, by its fingerprint.
  std::map<std::string, Time> notices;
  std::vector<VoteRecord> votes;  // on open proposals, one of each adult
  OwnerId owner;  // derived from subject; the owner part of its row keys
};

struct StoredDocument {
  uint64_t version = 0;
  std::string hash, payload, envelope;
  std::vector<std::string> signers;
};

// What everybody else looks at: parsed documents, immutable.
struct Rules {
  policy::Documents documents;
  TimeZone time_zone = TimeZone::Utc();
  // Since when each share rule has stood unchanged; a rule counts for a day only if since the
  // day's start. Likewise each consent rule: whom it asks was told of it no earlier.
  std::map<RuleId, Time> since;
};

// A device's series as the fold sees it.
struct SeriesInfo {
  const Household* household = nullptr;
  DeviceKey device;
  MetricId metric;
  std::optional<ZoneId> sheet_zone;  // empty if no share rule uses the metric
  port::SeriesTraits traits;
};

// Confined to the pipeline thread. Changes go through Save…: they are put into the caller's batch,
// and into memory by Take… once the batch is committed.
class Registry {
 public:
  // What `facts` has not, nobody knows.
  explicit Registry(store::Vault& vault, port::ProfileFacts facts = {});

  // Returns DataLoss if a row does not open or parse.
  Status Load();

  const std::map<HouseholdId, Household>& households() const { return households_; }
  const std::map<HouseholdId, Household>& places() const { return places_; }
  // Households only.
  const Household* FindHousehold(const HouseholdId& id) const;
  const Household* FindSubject(const SubjectId& subject) const;
  // Places only.
  const Household* FindPlace(const HouseholdId& id) const;
  // Households and places.
  bool IsTaken(const HouseholdId& id) const;
  const Household* FindDevice(const DeviceId& id) const;
  const Household* FindOwner(const OwnerId& owner) const;
  const SeriesInfo* FindSeries(const SeriesId& series) const;
  // Whose rows its readings are in. A series that is not known has rows of its own.
  DeviceKey DeviceOf(const SeriesId& series) const;
  // What is known of those of them that are.
  std::map<SeriesId, port::SeriesTraits> TraitsOf(
      const std::map<SeriesId, std::vector<Reading>>& series) const;
  std::size_t device_count() const { return devices_.size(); }
  // Whether a device is enrolled under this claim, with whatever profile.
  bool IsClaimed(const std::string& claim) const { return claims_.contains(claim); }
  // Null if there is none, or if nobody reads it.
  std::shared_ptr<const port::OwnProfile> ReadOwn(const std::string& own_profile) const;
  // Topic filters that the own profiles of all devices need.
  std::size_t own_filters() const { return own_filters_; }
  const std::vector<port::BridgeLogin>& bridges() const { return bridges_; }

  // Null until documents were activated.
  const std::shared_ptr<const Rules>& rules() const { return rules_; }
  const std::map<policy::DocumentKind, StoredDocument>& documents() const { return documents_; }
  policy::StoredDocuments stored_payloads() const;
  const Proposals& proposals() const { return proposals_; }
  // What the charter in force says without the keys that were retired. Rules must be in force.
  policy::Charter charter() const;
  // What has been said about an open proposal, and which keys count for nothing.
  policy::Voices VoicesOn(const std::string& proposal) const;
  // Never null. Immutable.
  const std::shared_ptr<const Audiences>& audiences() const { return audiences_; }

  Status SaveHousehold(store::Batch& batch, const Household& household);
  void TakeHousehold(Household household);
  void Forget(const OwnerId& owner);
  Status SaveBridges(store::Batch& batch, const std::vector<port::BridgeLogin>& bridges);
  void TakeBridges(std::vector<port::BridgeLogin> bridges);

  // Rules that are unchanged keep their `since`; new and changed ones get `now`, or their own
  // later validity.
  Status SaveActivation(store::Batch& batch, const policy::Activation& activation,
                        const std::map<policy::DocumentKind, std::string>& envelopes, Time now);
  // The picture for the door; the same object until something in it changes. Never null.
  std::shared_ptr<const port::AdmissionTable> admissions() const;
  // Ends the open proposals that are accepted or cancelled with the activation, and the votes on
  // them.
  Status SaveEnds(store::Batch& batch, const policy::Activation& activation);
  Status SaveProposal(store::Batch& batch, const KeptProposal& proposal);
  void TakeProposal(KeptProposal proposal);
  // And the votes on it.
  Status DropProposal(store::Batch& batch, const std::string& hash);
  void ForgetProposal(const std::string& hash);
  Status SaveRetired(store::Batch& batch, const std::vector<KeptRetirement>& retired);
  void TakeRetired(std::vector<KeptRetirement> retired) {
    proposals_.retired = std::move(retired);
  }

 private:
  Status LoadRow(std::string_view plain);
  std::map<HouseholdId, Household>& OfKind(OwnerKind kind);
  const Household& Keep(Household household);
  // Its devices after the first `known`.
  void Index(const Household& household, std::size_t known);
  void Reindex();
  std::string ProposalKey(const std::string& hash) const;
  Status SaveWithoutVotes(store::Batch& batch, const std::set<std::string>& ended);

  store::Vault& vault_;
  const port::ProfileFacts facts_;
  std::map<HouseholdId, Household> households_, places_;
  std::map<policy::DocumentKind, StoredDocument> documents_;
  std::map<RuleId, std::pair<std::string, Time>> rule_since_;  // fingerprint, since
  std::shared_ptr<const Rules> rules_;
  std::shared_ptr<const Audiences> audiences_ = std::make_shared<const Audiences>();
  std::vector<port::BridgeLogin> bridges_;
  Proposals proposals_;
  // Indices into the above.
  std::map<SubjectId, const Household*> subjects_;  // of households
  std::map<OwnerId, const Household*> owners_;
  std::map<DeviceId, const Household*> devices_;
  std::set<std::string> claims_;
  std::unordered_map<SeriesId, SeriesInfo> series_;
  std::size_t own_filters_ = 0;
  std::shared_ptr<const Admissions> admissions_;
};

}  // namespace gateway::pipeline
