#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/api/field.h"

namespace pyro::bus {

/// Version of the envelope; both peers must have the same.
inline constexpr std::uint32_t kVersion = 1;

/// How often each side of an open call sends a keep-alive, and after how long a silence a caller
/// counts the service as vanished. A service finds that a caller has ended when it sends to it.
inline constexpr std::chrono::seconds kKeepAliveInterval{1};
inline constexpr std::chrono::seconds kVanishedAfter{3};

/// The largest message: file trees and long streams bypass the bus.
inline constexpr std::int64_t kMessageLimit = std::int64_t{64} << 20U;
/// Room in it for the body, beside an envelope's other fields.
inline constexpr std::int64_t kParamsLimit = kMessageLimit - 4096;

enum class Kind { kCall, kCancel, kKeepAlive, kProgress, kResult, kError };
constexpr std::array<std::pair<Kind, std::string_view>, 6> enum_names(Kind) {
  return {{{Kind::kCall, "call"},
           {Kind::kCancel, "cancel"},
           {Kind::kKeepAlive, "keep_alive"},
           {Kind::kProgress, "progress"},
           {Kind::kResult, "result"},
           {Kind::kError, "error"}}};
}

/// Every message of the bus, in both directions: one ZeroMQ frame, one msgpack map.
struct Envelope {
  std::uint32_t version = kVersion;
  Kind kind = Kind::kCall;
  std::uint64_t id = 0;
  std::string method;
  std::uint64_t deadline_ms = 0;
  std::string trace_id;
  api::Bytes params;

  template <class Fields>
  static void describe(Fields& f) {
    f("version", &Envelope::version, "Version of the envelope.", api::kRequired);
    f("kind", &Envelope::kind, "call, cancel, keep_alive; or progress, result, error.",
      api::kRequired);
    f("id", &Envelope::id, "Id of the call, unique per caller's socket.", api::kRequired);
    f("method", &Envelope::method, "Operation to call.", api::max_length(128));
    f("deadline_ms", &Envelope::deadline_ms, "Milliseconds left for the call when it was sent.");
    f("trace_id", &Envelope::trace_id, "Carried through every nested call, into the logs.",
      api::max_length(64));
    f("params", &Envelope::params, "The request, progress, reply or api::ErrorBody as msgpack.");
  }
};

}  // namespace pyro::bus
