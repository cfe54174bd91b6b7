#include "gateway/proof/answer_file.h"

#include "commons/v1/query.pb.h"
#include "gateway/model/limits.h"

namespace gateway::proof {
namespace {

namespace wire = commons::v1;

constexpr uint32_t kSchema = 1;
static_assert(kAnswerFileBytesMax > limits::kMergedBytesMax + limits::kQueryBytesMax);

}  // namespace

std::string EncodeAnswerFile(const AnswerFile& file) {
  wire::AnswerFile out;
  out.set_schema(kSchema);
  out.set_query(file.query);
  for (const std::string& answer : file.answers) out.add_answers(answer);
  return out.SerializeAsString();
}

StatusOr<AnswerFile> DecodeAnswerFile(std::string_view bytes) {
  wire::AnswerFile in;
  if (bytes.size() > kAnswerFileBytesMax ||
      !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument("not a file of answers, as `commons query --save` writes it");
  }
  if (in.schema() != kSchema) {
    return InvalidArgument("a file of answers of schema %d, known is %d", in.schema(), kSchema);
  }
  AnswerFile file{.query = in.query(), .answers = {in.answers().begin(), in.answers().end()}};
  if (EncodeAnswerFile(file) != bytes) {
    return InvalidArgument("a file of answers with something else in it");
  }
  return file;
}

}  // namespace gateway::proof
