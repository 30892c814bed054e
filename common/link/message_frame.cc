#include "common/link/message_frame.h"

#include "common/api/message_table.h"
#include "common/base/error.h"

namespace pyro::link {
namespace {

constexpr std::size_t kLengthBytes = 4;

std::uint32_t read_length(std::string_view bytes) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length = length << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return length;
}

void append_length(std::string& out, std::size_t length) {
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    out += static_cast<char>(length >> (8 * (kLengthBytes - 1 - i)));
  }
}

}  // namespace

std::string encode_frame_head(Frame frame, std::size_t body_bytes) {
  frame.body.data.clear();
  std::string head(kLengthBytes, '\0');
  api::append_msgpack(frame, head);
  // The body is the last field: instead of an empty one comes the length of the real one.
  constexpr std::string_view kEmptyBody("\xC4\0", 2);
  if (!head.ends_with(kEmptyBody)) throw internal_error("a frame does not end with its body");
  head.resize(head.size() - kEmptyBody.size());
  head += '\xC6';
  append_length(head, body_bytes);
  const std::size_t length = head.size() - kLengthBytes + body_bytes;
  if (length > kMaxFrameBytes) {
    throw invalid_argument("a message of {} bytes is over the limit of {}", length, kMaxFrameBytes);
  }
  std::string begin;
  append_length(begin, length);
  return head.replace(0, kLengthBytes, begin);
}

std::string encode_frame(const Frame& frame) {
  std::string encoded = encode_frame_head({.type = frame.type,
                                           .method = frame.method,
                                           .stream = frame.stream,
                                           .dropped = frame.dropped},
                                          frame.body.data.size());
  return encoded.append(frame.body.data);
}

void FrameDecoder::feed(std::string_view bytes) {
  if (start_ == buffer_.size()) {
    buffer_.clear();
    start_ = 0;
  }
  buffer_.append(bytes);
}

std::optional<Frame> FrameDecoder::next() {
  const std::string_view rest = std::string_view(buffer_).substr(start_);
  if (rest.size() < kLengthBytes) return std::nullopt;
  const std::size_t length = read_length(rest);
  if (length > kMaxFrameBytes) {
    throw invalid_argument("a frame of {} bytes is over the limit of {}", length, kMaxFrameBytes);
  }
  if (rest.size() - kLengthBytes < length) {
    // Frees the part already read, so that a long-lived stream does not keep it.
    buffer_.erase(0, start_);
    start_ = 0;
    return std::nullopt;
  }
  auto frame =
      api::from_msgpack<Frame>(rest.substr(kLengthBytes, length), api::UnknownFields::kIgnore);
  start_ += kLengthBytes + length;
  return frame;
}

}  // namespace pyro::link

PYRO_TABLE(pyro::link::Frame)
