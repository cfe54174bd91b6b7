// Errors as values. `Status` and `StatusOr` are Abseil's; this header is the only place that
// names them, because Debian builds Abseil with its own string_view, so text made for
// absl::Status has to be converted once, here.
//
// Codes are chosen by what the caller should do: InvalidArgument = drop the input;
// PermissionDenied = the rules said no; NotFound, AlreadyExists, FailedPrecondition = the
// request does not fit the state; DataLoss = tampering or corruption; Unavailable = retry;
// ResourceExhausted = back off; Internal = our bug. Text names the thing, the value, the limit
// and the remedy, never a payload, a key or a household.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/str_format.h>

#include <string>
#include <string_view>
#include <utility>

namespace gateway {

using absl::Status;
using absl::StatusCode;
using absl::StatusOr;

inline Status OkStatus() { return {}; }

// absl::StrFormat, under our own roof: the one formatter (GCC 12 has no std::format).
template <typename... Args>
std::string Format(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::StrFormat(format, args...);
}

inline Status MakeStatus(StatusCode code, std::string_view text) {
  return {code, absl::string_view(text.data(), text.size())};
}

template <typename... Args>
Status InvalidArgument(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return MakeStatus(StatusCode::kInvalidArgument, absl::StrFormat(format, args...));
}
template <typename... Args>
Status PermissionDenied(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return MakeStatus(StatusCode::kPermissionDenied, absl::StrFormat(format, args...));
}
template <typename... Args>
Status NotFound(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return MakeStatus(StatusCode::kNotFound, absl::StrFormat(format, args...));
}
template <typename... Args>
Status AlreadyExists(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return MakeStatus(StatusCode::kAlreadyExists, absl::StrFormat(format, args...));
}
template <typename... Args>
Status FailedPrecondition(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return MakeStatus(StatusCode::kFailedPrecondition, absl::StrFormat(format, args...));
}
template <typename... Args>
Status DataLoss(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return MakeStatus(StatusCode::kDataLoss, absl::StrFormat(format, args...));
}
template <typename... Args>
Status Unavailable(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return MakeStatus(StatusCode::kUnavailable, absl::StrFormat(format, args...));
}
template <typename... Args>
Status ResourceExhausted(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return MakeStatus(StatusCode::kResourceExhausted, absl::StrFormat(format, args...));
}
template <typename... Args>
Status Internal(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return MakeStatus(StatusCode::kInternal, absl::StrFormat(format, args...));
}

inline std::string_view Message(const Status& status) {
  return {status.message().data(), status.message().size()};
}

// The same code with "`context`: " before the text.
inline Status Annotate(const Status& status, std::string_view context) {
  if (status.ok()) return status;
  return MakeStatus(status.code(), absl::StrFormat("%s: %s", context, Message(status)));
}

}  // namespace gateway

// RETURN_IF_ERROR(Write(row));            returns the Status if it is not OK.
// ASSIGN_OR_RETURN(auto row, Read(key));  returns the Status, or moves the value into `row`.
#define RETURN_IF_ERROR(expression)                                            \
  do {                                                                         \
    if (::gateway::Status gw_status = (expression); !gw_status.ok()) {         \
      return gw_status;                                                        \
    }                                                                          \
  } while (false)

#define GW_CONCAT_INNER(a, b) a##b
#define GW_CONCAT(a, b) GW_CONCAT_INNER(a, b)
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_IMPL(GW_CONCAT(gw_status_or_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_IMPL(holder, target, expression) \
  auto holder = (expression);                             \
  if (!holder.ok()) return holder.status();               \
  target = *std::move(holder)
