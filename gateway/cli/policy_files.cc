#include "gateway/cli/policy_files.h"

#include <utility>

#include "gateway/base/file.h"
#include "gateway/crypto/dsse.h"

namespace gateway::cli {
namespace {

template <typename T>
Status ReadOne(const std::string& path, StatusOr<T> (*parse)(std::string_view), T& document) {
  ASSIGN_OR_RETURN(const std::string text, ReadDocumentText(path));
  StatusOr<T> parsed = parse(text);
  if (!parsed.ok()) return Annotate(parsed.status(), path);
  document = *std::move(parsed);
  return OkStatus();
}

}  // namespace

StatusOr<std::string> ReadDocumentText(const std::string& path) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, crypto::kEnvelopeBytesMax));
  if (!path.ends_with(".dsse")) return bytes;
  auto envelope = crypto::ParseEnvelope(bytes);
  if (!envelope.ok()) return Annotate(envelope.status(), path);
  return std::move(envelope->payload);
}

StatusOr<policy::Documents> ReadDocuments(const DocumentPaths& paths) {
  policy::Documents documents;
  RETURN_IF_ERROR(ReadOne(paths.charter, policy::ParseCharter, documents.charter));
  RETURN_IF_ERROR(ReadOne(paths.policy, policy::ParsePolicy, documents.policy));
  RETURN_IF_ERROR(ReadOne(paths.roster, policy::ParseRoster, documents.roster));
  return documents;
}

}  // namespace gateway::cli
