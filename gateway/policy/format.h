// The one way our YAML documents are laid out (`commons policy fmt`), so that a diff shows what was
// decided and not how somebody indents. What a text says stays as it is, and so do its comments, the
// order of its keys and its quotes; a blank line stays one blank line. Pure.
//
//   blocks      indented by two; a list under a key by two more
//   {…} and […] on one line if it has room within kFormatColumns; else filled, the further lines
//               beside the first entry. One that holds a comment becomes a block.
//   comments    at the end of a line two spaces after it, below each other in neighbouring lines;
//               on a line of their own where the block begins that they stood in
//   quotes      "…", or '…' around a text with " or \ in it
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/status.h"

namespace gateway::policy {

inline constexpr std::size_t kFormatColumns = 100;

// FormatDocument(FormatDocument(x)) is FormatDocument(x), and both say what x says. Never formats
// what is signed: other bytes are another document.
// Returns InvalidArgument with line and column if the text is refused by yaml::Parse, or holds a text
// of several lines, which no document of ours may.
StatusOr<std::string> FormatDocument(std::string_view yaml);

}  // namespace gateway::policy
