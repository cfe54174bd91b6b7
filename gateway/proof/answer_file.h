// What a party keeps of a question: the question and the answers that counted, as they were
// signed, enough to verify everything again offline. Pure. Bytes: one protobuf
// commons.v1.AnswerFile (query.proto).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/status.h"

namespace gateway::proof {

// Above limits::kMergedBytesMax, which bounds the answers in it.
inline constexpr std::size_t kAnswerFileBytesMax = 512u << 20;

struct AnswerFile {
  std::string query;                 // the signed envelope
  std::vector<std::string> answers;  // signed envelopes
};

std::string EncodeAnswerFile(const AnswerFile& file);
// Returns InvalidArgument if the bytes are not exactly what EncodeAnswerFile makes of some file.
// What is in it is not looked at.
StatusOr<AnswerFile> DecodeAnswerFile(std::string_view bytes);

}  // namespace gateway::proof
