#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/api/field.h"
#include "common/api/msgpack_codec.h"

/// One message on a dialed stream between a host and the agent: a u32 big-endian length, then one
/// msgpack map. Either side may be hostile to the other.
namespace pyro::link {

/// The longest map of a frame: fits a job read of 16 MiB and its names.
inline constexpr std::size_t kMaxFrameBytes = 17U << 20U;

enum class FrameType { kRequest, kProgress, kOutput, kResult, kError };
constexpr std::array<std::pair<FrameType, std::string_view>, 5> enum_names(FrameType) {
  return {{{FrameType::kRequest, "request"},
           {FrameType::kProgress, "progress"},
           {FrameType::kOutput, "output"},
           {FrameType::kResult, "result"},
           {FrameType::kError, "error"}}};
}

struct Frame {
  FrameType type = FrameType::kRequest;
  std::string method;
  std::uint32_t stream = 0;
  std::uint64_t dropped = 0;
  api::Bytes body;

  template <class Fields>
  static void describe(Fields& f) {
    f("type", &Frame::type, "request, progress, output, result or error.", api::kRequired);
    f("method", &Frame::method, "Of a request: the operation.", api::max_length(64));
    f("stream", &Frame::stream, "Of output: 1 standard output, 2 standard error.",
      api::range(0, 2));
    f("dropped", &Frame::dropped, "Of output: bytes just before the body that are gone.");
    f("body", &Frame::body, "Of output the bytes themselves, else a message as msgpack.");
  }
};

/// Length and map, ready to send. Throws kInvalidArgument for a frame over the limit.
std::string encode_frame(const Frame& frame);
/// The same without the body, of which so many bytes follow.
std::string encode_frame_head(Frame frame, std::size_t body_bytes);

/// Cuts a stream of bytes into frames. Memory grows with the received bytes, never with a claimed
/// length.
class FrameDecoder {
 public:
  void feed(std::string_view bytes);

  /// The next whole frame. Throws kInvalidArgument for one that is too long or malformed; cut the
  /// peer off then, since the rest is unreadable.
  std::optional<Frame> next();

 private:
  std::string buffer_;
  std::size_t start_ = 0;
};

}  // namespace pyro::link
