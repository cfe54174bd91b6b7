#include "gateway/ingest/resolver.h"

#include <algorithm>
#include <utility>

#include "gateway/ingest/own_profile.h"
#include "gateway/model/ids.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;

bool IsUnenrolled(DoorCode code) {
  return code == DoorCode::kUnknownDevice || code == DoorCode::kOtherProfile;
}

using Devices = std::span<const std::shared_ptr<const port::EnrolledDevice>>;

// To the index, which refers to the profile.
bool LooksTheSame(const std::shared_ptr<const port::EnrolledDevice>& before,
                  const std::shared_ptr<const port::EnrolledDevice>& now) {
  return before == now || (before->own == now->own && before->claim == now->claim &&
                           before->profile == now->profile);
}

bool IsCoarsened(const port::Admission& admission) {
  return admission.coarsen_step > 0 || admission.coarsen_every > Millis(0);
}

std::string PartKey(std::string_view profile, std::string_view device) {
  return Format("%s %s", profile, device);
}

}  // namespace

Resolver::Resolver(std::vector<Profile> profiles) : installed_(std::move(profiles)) {
  IndexInstalled();
}

void Resolver::IndexInstalled() {
  index_ = TopicIndex();
  a_part_.clear();
  for (const Profile& profile : installed_) index_.Add(profile);
}

void Resolver::Index(const port::EnrolledDevice& device) {
  if (const Profile* own = OwnProfileOf(device)) index_.Add(*own);
  const std::size_t colon = device.claim.rfind(':');
  if (colon == std::string::npos) return;
  a_part_.emplace(PartKey(device.profile, std::string_view(device.claim).substr(0, colon)),
                  device.claim);
}

void Resolver::UseTable(std::shared_ptr<const port::AdmissionTable> table) {
  table_ = std::move(table);
  if (table_ == indexed_) return;
  const Devices now = table_->devices();
  const Devices before = indexed_ == nullptr ? Devices() : indexed_->devices();
  // Mostly one device was added, or something changed that is not looked up here: the message in
  // hand waits for the index.
  std::size_t known = before.size();
  if (known > now.size() || !std::ranges::equal(before, now.first(known), LooksTheSame)) {
    IndexInstalled();
    known = 0;
  }
  for (const auto& device : now.subspan(known)) Index(*device);
  indexed_ = table_;
}

std::string_view Resolver::TopicDevice(const TopicMatch& match) const {
  return match.captures.device.empty() ? std::string_view(match.profile->claim())
                                       : match.captures.device;
}

std::string_view Resolver::Claim(std::string_view device, std::string_view part) {
  if (part.empty()) return device;
  scratch_.assign(device);
  scratch_ += ':';
  scratch_ += part;
  return scratch_;
}

// Of what the topic says; kUnknownDevice if only the payload knows.
DoorCode Resolver::DeviceCode(const TopicMatch& match) {
  const std::string_view device = TopicDevice(match);
  if (device.empty()) return DoorCode::kUnknownDevice;
  const std::string& profile = match.profile->id();
  const DoorCode code = table_->FindDevice(profile, Claim(device, match.captures.part));
  if (code != DoorCode::kUnknownDevice || !match.message->parts_inside) return code;
  return table_->FindDevice(profile, Claim(device, "*"));
}

// DeviceCode of the chosen match, with one look at the table if the topic says everything.
DoorCode Resolver::Admit() {
  if (match_.captures.metric.empty() || match_.message->parts_inside) return DeviceCode(match_);
  const std::string_view claim = Claim(TopicDevice(match_), match_.captures.part);
  shared_ = &table_->Find(match_.profile->id(), claim, match_.captures.metric);
  return shared_->code;
}

// Whose device is enrolled reads the message; of strangers the most specific topic.
const TopicMatch& Resolver::Choose() {
  if (matches_.size() > 1) {
    for (const TopicMatch& match : matches_) {
      if (!match.message->ignore && !IsUnenrolled(DeviceCode(match))) return match;
    }
  }
  return matches_.front();
}

void Resolver::Refuse(DoorCode code, const port::Admission& admission) {
  resolved_.refused.push_back({code, &admission});
}

void Resolver::NoteUnenrolled(std::string_view claim, std::string_view metric,
                              std::vector<Unenrolled>& noted) const {
  auto row = std::ranges::find(noted, claim, &Unenrolled::claim);
  if (row == noted.end()) {
    noted.push_back({std::string(claim), {}});
    row = noted.end() - 1;
  }
  if (IsDocumentId(metric) && std::ranges::find(row->metrics, metric) == row->metrics.end()) {
    row->metrics.emplace_back(metric);
  }
}

void Resolver::RefuseWhole(const port::Delivery& delivery, std::string_view device,
                           DoorCode code) {
  if (device.empty()) return Refuse(code, unknown_);
  const std::string& profile = match_.profile->id();
  std::string claim(Claim(device, match_.captures.part));
  DoorCode device_code = table_->FindDevice(profile, claim);
  if (device_code == DoorCode::kUnknownDevice && match_.message->parts_inside) {
    const auto part = a_part_.find(PartKey(profile, device));
    if (part != a_part_.end()) {
      claim = part->second;
      device_code = table_->FindDevice(profile, claim);
    }
  }
  // Any metric that may be collected from the device will do: who owns it is what matters.
  const port::Admission* admission = nullptr;
  const auto consider = [&](std::string_view metric) {
    const port::Admission& found = table_->Find(profile, claim, metric);
    resolved_.coarsened = resolved_.coarsened || IsCoarsened(found);
    if (admission != nullptr && admission->code == DoorCode::kAdmitted) return;
    if (admission == nullptr || found.code == DoorCode::kAdmitted) admission = &found;
  };
  if (!match_.captures.metric.empty()) {
    consider(match_.captures.metric);
  } else {
    for (const ReadingSpec& reading : match_.message->readings) {
      if (!reading.metric.empty()) consider(reading.metric);
    }
  }
  if (device_code == DoorCode::kAdmitted && admission != nullptr) device_code = admission->code;
  if (device_code != DoorCode::kAdmitted) {
    code = device_code;
  } else if (delivery.retained) {
    code = DoorCode::kRetained;
  }
  Refuse(code, admission == nullptr ? unknown_ : *admission);
}

bool Resolver::StepFits(const Observation& observation, const port::Admission& admission,
                        const Reading& reading, bool redelivered) {
  const ReadingSpec& spec = *observation.reading;
  const Metric& metric = *admission.metric;
  // An index may restart or be far ahead after a silence: the pipeline judges it with what follows.
  if (!spec.step || metric.kind == MetricKind::kCounter) return true;
  const std::optional<int64_t> step = converter_.Difference(*spec.step, spec, metric);
  return !step || steps_.Accept(admission.series, reading, *step, metric.interval,
                                redelivered);
}

void Resolver::Settle(const port::Delivery& delivery, const Observation& observation,
                      const ResolveContext& context, bool again) {
  const std::string_view claim = Claim(observation.device, observation.part);
  const port::Admission& admission =
      shared_ != nullptr && !again
          ? *shared_
          : table_->Find(match_.profile->id(), claim, observation.metric);
  resolved_.coarsened = resolved_.coarsened || IsCoarsened(admission);
  if (admission.code != DoorCode::kAdmitted) {
    if (IsUnenrolled(admission.code)) {
      NoteUnenrolled(claim, observation.metric, resolved_.unenrolled);
    }
    return Refuse(admission.code, admission);
  }
  if (delivery.retained) return Refuse(DoorCode::kRetained, admission);
  const Converted converted = converter_.Convert(observation, *admission.metric,
                                                 {.now = context.now,
                                                  .compare_stamps = context.compare_stamps,
                                                  .clock_sound = context.clock_sound,
                                                  .waited_max = delivery.waited_max,
                                                  .numbered = resolved_.numbered,
                                                  .zone = table_->time_zone()});
  if (converted.code != DoorCode::kAdmitted) return Refuse(converted.code, admission);
  if (!again && !StepFits(observation, admission, converted.reading, delivery.redelivered)) {
    return Refuse(DoorCode::kStep, admission);
  }
  Take(delivery, observation, admission, converted.reading, context.remember_spans && !again);
}

void Resolver::Take(const port::Delivery& delivery, const Observation& observation,
                    const port::Admission& admission, const Reading& reading, bool remember) {
  const Reading coarse = Coarsened(reading, admission);
  // Of what the broker sends again the pipeline knows whether it came before.
  if (admission.coarsen_every > Millis(0) && remember && !delivery.redelivered &&
      !spans_.IsFirst(admission.series, coarse.time)) {
    return Refuse(DoorCode::kCoarsened, admission);
  }
  resolved_.admitted.push_back({&admission, coarse});
  admitted_.push_back(&observation);
}

const Resolved& Resolver::Resolve(const port::Delivery& delivery,
                                  std::shared_ptr<const port::AdmissionTable> table,
                                  const ResolveContext& context) {
  resolved_.admitted.clear();
  resolved_.refused.clear();
  resolved_.unenrolled.clear();
  resolved_.profile = nullptr;
  resolved_.decoded = resolved_.numbered = resolved_.coarsened = false;
  admitted_.clear();
  UseTable(std::move(table));
  index_.Find(delivery.topic, matches_);
  if (matches_.empty()) {
    Refuse(DoorCode::kUnknownDevice, unknown_);
    return resolved_;
  }
  match_ = Choose();
  if (match_.message->ignore) return resolved_;
  resolved_.profile = match_.profile;
  resolved_.secret = match_.message->secret;
  const std::string_view device = TopicDevice(match_);
  shared_ = nullptr;
  if (!device.empty()) {
    if (const DoorCode code = Admit(); IsUnenrolled(code)) {
      Refuse(code, unknown_);
      NoteUnenrolled(Claim(device, match_.captures.part), {}, resolved_.unenrolled);
      return resolved_;
    }
  }
  decoded_ = &decoder_.Decode(*match_.message, match_.captures, match_.profile->claim(),
                              delivery.payload);
  resolved_.decoded = true;
  resolved_.numbered = decoded_->numbered;
  if (decoded_->code != DoorCode::kAdmitted) {
    RefuseWhole(delivery, decoded_->device, decoded_->code);
    return resolved_;
  }
  for (const Observation& observation : decoded_->observations) {
    Settle(delivery, observation, context, /*again=*/false);
  }
  const auto unenrolled = [](const Refusal& refusal) { return IsUnenrolled(refusal.code); };
  if (resolved_.admitted.empty() && device.empty() &&
      std::ranges::all_of(resolved_.refused, unenrolled) && resolved_.refused.size() > 1) {
    resolved_.refused.resize(1);  // a message of a stranger is one observation
  }
  return resolved_;
}

const Resolved& Resolver::ResolveAgain(const port::Delivery& delivery,
                                       std::shared_ptr<const port::AdmissionTable> table,
                                       const ResolveContext& context) {
  // Not UseTable: the observations refer to profiles that it might replace.
  table_ = std::move(table);
  resolved_.admitted.clear();
  resolved_.refused.clear();
  resolved_.unenrolled.clear();
  const std::vector<const Observation*> pending = std::exchange(admitted_, {});
  for (const Observation* observation : pending) {
    Settle(delivery, *observation, context, /*again=*/true);
  }
  return resolved_;
}

std::vector<Unenrolled> Resolver::Preview(const port::Delivery& delivery) {
  std::vector<Unenrolled> seen;
  if (resolved_.profile == nullptr || resolved_.decoded) return seen;
  const Decoded& decoded = decoder_.Decode(*match_.message, match_.captures,
                                           match_.profile->claim(), delivery.payload);
  for (const Observation& observation : decoded.observations) {
    NoteUnenrolled(Claim(observation.device, observation.part), observation.metric, seen);
  }
  return seen;
}

}  // namespace gateway::ingest
