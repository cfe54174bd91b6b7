#include "gateway/ingest/reread.h"

#include <memory>
#include <utility>

#include "gateway/ingest/decoder.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;

struct Reader {
  std::vector<Profile> profiles;
  Decoder decoder;

  port::Redecoded Read(const port::Delivery& delivery, const port::AdmissionTable& table,
                       const port::ArrivalMoment& arrival) {
    for (const Profile& profile : profiles) {
      const std::optional<TopicMatch> match = profile.MatchTopic(delivery.topic);
      if (!match.has_value()) continue;
      const port::Admission& admission = table.Find(profile.id(), match->device, match->metric);
      if (admission.code != DoorCode::kAdmitted) return {.code = admission.code, .readings = {}};
      const Decoded decoded =
          decoder.Decode(profile, delivery.payload, *admission.metric,
                         {.now = arrival.now, .compare_stamps = arrival.compare_stamps});
      if (decoded.code != DoorCode::kAdmitted) return {.code = decoded.code, .readings = {}};
      return {.code = DoorCode::kAdmitted, .readings = {{&admission, decoded.reading}}};
    }
    return {.code = DoorCode::kUnknownDevice, .readings = {}};
  }
};

}  // namespace

port::Rereading MakeRereading(std::vector<Profile> profiles) {
  port::Rereading rereading;
  for (const Profile& profile : profiles) {
    if (!profile.json().has_value()) continue;
    for (const std::string& key :
         {profile.json()->value, profile.json()->unit, profile.json()->time}) {
      if (!key.empty()) rereading.keys.insert(key);
    }
  }
  const auto reader = std::make_shared<Reader>();
  reader->profiles = std::move(profiles);
  rereading.decode = [reader](const port::Delivery& delivery,
                              const std::shared_ptr<const port::AdmissionTable>& table,
                              const port::ArrivalMoment& arrival) {
    return reader->Read(delivery, *table, arrival);
  };
  return rereading;
}

}  // namespace gateway::ingest
