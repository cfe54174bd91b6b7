// Documents as they stand in files: YAML, or an envelope around it.
#pragma once

#include <string>

#include "gateway/base/status.h"
#include "gateway/policy/documents.h"

namespace gateway::cli {

// Of an envelope its payload: what is read is what was signed, whoever signed it.
StatusOr<std::string> ReadDocumentText(const std::string& path);

struct DocumentPaths {
  std::string charter, policy, roster;
};
// The three documents, parsed. Errors name the file.
StatusOr<policy::Documents> ReadDocuments(const DocumentPaths& paths);

}  // namespace gateway::cli
