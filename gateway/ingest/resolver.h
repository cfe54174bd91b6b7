// What becomes of one message: which profile reads it, which device it is of, and for each value in
// it a reading for the journal or the code that says why not. Counts nothing and stores nothing, so
// that a message which was put aside can be tried again with a second resolver.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/ingest/coarsen.h"
#include "gateway/ingest/converter.h"
#include "gateway/ingest/decoder.h"
#include "gateway/ingest/profile.h"
#include "gateway/ingest/step_guard.h"
#include "gateway/ingest/topic_index.h"
#include "gateway/port/intake.h"

namespace gateway::ingest {

struct ResolveContext {
  Time now;
  bool compare_stamps = true;  // Intake::ComparesStampsWithNow
  bool clock_sound = true;
  // Of a message that may be tried again and again, whether its span has a reading already is left to
  // the pipeline.
  bool remember_spans = true;
};

struct Refusal {
  port::DoorCode code;
  const port::Admission* admission;  // never null; kAdmitted in it if the rules had nothing against
};

// Who published and is not enrolled, or not with the profile that reads it.
struct Unenrolled {
  std::string claim;
  std::vector<std::string> metrics;  // that the message would yield; see Resolved::decoded
};

struct Resolved {
  std::vector<port::Admitted> admitted;
  std::vector<Refusal> refused;
  std::vector<Unenrolled> unenrolled;
  const Profile* profile = nullptr;  // that reads the message; null if none does
  bool secret = false;               // what calls the device is a credential
  bool decoded = false;              // not that of a stranger
  bool numbered = false;
  // A value of it, or one that it may hold, must be blurred before it is written anywhere.
  bool coarsened = false;

  std::size_t observations() const { return admitted.size() + refused.size(); }
};

// Thread-compatible.
class Resolver {
 public:
  explicit Resolver(std::vector<Profile> profiles);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // The first of these that applies is an observation's code: device, household, metric, retained,
  // payload, time, step, coarsened. A message is one observation if no profile reads its topic, if its device
  // is not enrolled (then it is not decoded) or if it cannot be decoded; otherwise each value in it
  // is one, and there may be none. Own profiles of the table's devices count as profiles.
  // The result is good until the next call; it refers to `table`, which is kept as long.
  const Resolved& Resolve(const port::Delivery& delivery,
                          std::shared_ptr<const port::AdmissionTable> table,
                          const ResolveContext& context);

  // The same delivery again, because what it admitted could not be appended: only those
  // observations, by the rules of now.
  const Resolved& ResolveAgain(const port::Delivery& delivery,
                               std::shared_ptr<const port::AdmissionTable> table,
                               const ResolveContext& context);

  // Whom and what the message would be about that Resolve did not decode, because its device is not
  // enrolled.
  std::vector<Unenrolled> Preview(const port::Delivery& delivery);

 private:
  void UseTable(std::shared_ptr<const port::AdmissionTable> table);
  void IndexInstalled();
  void Index(const port::EnrolledDevice& device);
  const TopicMatch& Choose();
  port::DoorCode DeviceCode(const TopicMatch& match);
  port::DoorCode Admit();
  std::string_view TopicDevice(const TopicMatch& match) const;
  std::string_view Claim(std::string_view device, std::string_view part);
  void Refuse(port::DoorCode code, const port::Admission& admission);
  void RefuseWhole(const port::Delivery& delivery, std::string_view device, port::DoorCode code);
  void Settle(const port::Delivery& delivery, const Observation& observation,
              const ResolveContext& context, bool again);
  bool StepFits(const Observation& observation, const port::Admission& admission,
                const Reading& reading, bool redelivered);
  // What is admitted of a message, as coarse as the rule wants it.
  void Take(const port::Delivery& delivery, const Observation& observation,
            const port::Admission& admission, const Reading& reading, bool remember);
  void NoteUnenrolled(std::string_view claim, std::string_view metric,
                      std::vector<Unenrolled>& noted) const;

  const std::vector<Profile> installed_;
  std::shared_ptr<const port::AdmissionTable> table_;  // of the delivery in hand

  // Made from `indexed_`, whose devices and their own profiles they are of.
  std::shared_ptr<const port::AdmissionTable> indexed_;
  TopicIndex index_;
  std::unordered_map<std::string, std::string> a_part_;  // "profile device" → claim of one part

  Decoder decoder_;
  Converter converter_;
  StepGuard steps_;
  SpanGuard spans_;
  std::vector<TopicMatch> matches_;
  TopicMatch match_;             // of the delivery in hand
  const Decoded* decoded_ = nullptr;
  // Of all observations of the delivery, when its topic says whose and what they are.
  const port::Admission* shared_ = nullptr;
  std::vector<const Observation*> admitted_;  // beside resolved_.admitted
  Resolved resolved_;
  std::string scratch_;
  const port::Admission unknown_;
};

}  // namespace gateway::ingest
