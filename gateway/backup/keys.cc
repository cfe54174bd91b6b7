#include "gateway/backup/keys.h"

#include "gateway/base/bytes.h"
#include "gateway/model/limits.h"
#include "gateway/model/time.h"

namespace gateway::backup {
namespace {

constexpr std::string_view kMagic("CGBK1\0", 6);

}  // namespace

std::string WriteKeys(const KeysBackup& keys) {
  ByteWriter out;
  out.Raw(kMagic).Text(keys.gateway).I64(keys.created.time_since_epoch().count());
  out.I64(keys.expires.time_since_epoch().count()).U32(keys.generation);
  out.Text(keys.keyslots).Text(keys.config).Text(keys.mode);
  return out.Take();
}

StatusOr<KeysBackup> ReadKeys(std::string_view bytes, Time now) {
  ByteReader in(bytes);
  if (in.Raw(kMagic.size()) != kMagic) return DataLoss("keys backup: no format we know");
  KeysBackup keys;
  keys.gateway = in.Text();
  keys.created = Time(Millis(in.I64()));
  keys.expires = Time(Millis(in.I64()));
  keys.generation = in.U32();
  keys.keyslots = in.Text();
  keys.config = in.Text();
  keys.mode = in.Text();
  RETURN_IF_ERROR(in.Finish("keys backup"));
  if (keys.expires - keys.created > limits::kKeysBackupLife || keys.keyslots.empty()) {
    return DataLoss("keys backup: not one that a gateway makes");
  }
  if (now < keys.created) {
    return FailedPrecondition("keys backup: made at %s, which is still to come; set the clock",
                              FormatTime(keys.created));
  }
  if (now >= keys.expires) {
    return FailedPrecondition("keys backup: expired at %s", FormatTime(keys.expires));
  }
  return keys;
}

}  // namespace gateway::backup
