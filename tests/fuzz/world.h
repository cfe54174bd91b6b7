// The world in which the signed fuzz targets live: fixed names, keys and time. Who fuzzes holds the
// keys, so that what stands behind a signature is reached too. The hand-made inputs of seeds_main.cc
// are of the same world.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/crypto/sign.h"

namespace gateway::fuzz {

inline constexpr std::string_view kCommons = "riverside";
inline constexpr std::string_view kGateway = "gw-mill-lane";
inline constexpr std::string_view kLogName = "riverside/gw/gw-mill-lane";
inline constexpr std::string_view kLoggedEntry = "an entry of the log";
inline constexpr Time kNow{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z

// Each is made once, from 32 times one byte.
const crypto::Signer& PartySigner();  // asks
const crypto::Signer& LogSigner();    // signs the checkpoints of kLogName

// What the answers of the corpus answer: 32 bytes.
std::string QueryHash();

// Keeps protobuf from writing a line about every malformed message. Again is a no-op.
void SilenceProtobuf();

// Changes one bit; which one depends on the bytes alone, so that a run can be repeated.
void FlipOneBit(std::string& bytes);

}  // namespace gateway::fuzz
