#include "gateway/ingest/reread.h"

#include <memory>
#include <utility>

#include "gateway/ingest/resolver.h"

namespace gateway::ingest {
namespace {

using port::DoorCode;

// What still stands against the message: first of all that a value of it cannot be believed.
DoorCode StillAgainst(const Resolved& resolved) {
  for (const Refusal& refusal : resolved.refused) {
    if (port::IsQuarantined(refusal.code)) return refusal.code;
  }
  if (!resolved.admitted.empty()) return DoorCode::kAdmitted;
  return resolved.refused.empty() ? DoorCode::kUnknownDevice : resolved.refused.front().code;
}

port::Redecoded Read(Resolver& resolver, const port::Delivery& delivery,
                     const std::shared_ptr<const port::AdmissionTable>& table,
                     const port::ArrivalMoment& arrival) {
  const Resolved& resolved =
      resolver.Resolve(delivery, table,
                       {.now = arrival.now,
                        .compare_stamps = arrival.compare_stamps,
                        .clock_sound = arrival.clock_sound,
                        .remember_spans = false});
  port::Redecoded result{.code = StillAgainst(resolved), .readings = {}};
  if (result.code == DoorCode::kAdmitted) result.readings = resolved.admitted;
  return result;
}

void AddKeys(const std::optional<Path>& path, std::set<std::string, std::less<>>& keys) {
  if (!path.has_value()) return;
  for (std::string& key : path->Keys()) keys.insert(std::move(key));
}

std::set<std::string, std::less<>> KeysOf(const std::vector<Profile>& profiles) {
  std::set<std::string, std::less<>> keys;
  for (const Profile& profile : profiles) {
    for (const MessageSpec& message : profile.messages()) {
      AddKeys(message.device, keys);
      AddKeys(message.sequence, keys);
      if (message.time.has_value()) {
        for (const Path& path : message.time->at) AddKeys(path, keys);
      }
      for (const ReadingSpec& reading : message.readings) {
        AddKeys(reading.at, keys);
        AddKeys(reading.unit_at, keys);
      }
    }
  }
  return keys;
}

}  // namespace

port::Rereading MakeRereading(std::vector<Profile> profiles) {
  port::Rereading rereading;
  rereading.keys = KeysOf(profiles);
  const auto resolver = std::make_shared<Resolver>(std::move(profiles));
  rereading.decode = [resolver](const port::Delivery& delivery,
                                const std::shared_ptr<const port::AdmissionTable>& table,
                                const port::ArrivalMoment& arrival) {
    return Read(*resolver, delivery, table, arrival);
  };
  return rereading;
}

}  // namespace gateway::ingest
