#include "common/link/mux_frame.h"

#include <algorithm>
#include <cstring>

#include "common/base/error.h"

namespace pyro::link {
namespace {

/// Random, and its first byte is rare in text: looking for it costs one memchr over the data.
constexpr std::string_view kMagic =
    "\xC1\x9E\x07\xF4\xD3\x6B\x88\x1A\xE5\x42\xBF\x90\x2C\x77\xA9\xFD";
constexpr std::size_t kHelloBytes = kMuxHeaderBytes + kMagic.size() + kNonceBytes;

void append_u32(std::string& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

void append_header(std::string& out, std::uint32_t stream, MuxType type, std::size_t length) {
  append_u32(out, stream);
  append_u32(out, static_cast<std::uint32_t>(length) << 8U | static_cast<std::uint32_t>(type));
}

std::size_t payload_length(std::string_view header) {
  const std::uint32_t length = read_u32(header.substr(4)) >> 8U;
  const auto type = static_cast<unsigned char>(header[4]);
  if (type < static_cast<unsigned>(MuxType::kHello) ||
      type > static_cast<unsigned>(MuxType::kResetAck)) {
    throw invalid_argument("a frame of unknown type {}", type);
  }
  if (length > kMaxPayload) throw invalid_argument("a frame of {} bytes", length);
  return length;
}

MuxFrame parse(std::string_view whole) {
  return {.stream = read_u32(whole),
          .type = static_cast<MuxType>(whole[4]),
          .payload = whole.substr(kMuxHeaderBytes)};
}

/// Where the magic starts in `data`, which may end in its middle; npos when nowhere.
std::size_t find_magic(std::string_view data) {
  std::size_t at = 0;
  while ((at = data.find(kMagic[0], at)) != std::string_view::npos) {
    const std::size_t there = std::min(kMagic.size(), data.size() - at);
    if (data.substr(at, there) == kMagic.substr(0, there)) return at;
    ++at;
  }
  return at;
}

}  // namespace

std::uint32_t MuxFrame::number() const {
  if (payload.size() != 4) throw invalid_argument("a number of {} bytes", payload.size());
  return read_u32(payload);
}

void append_frame(std::string& out, std::uint32_t stream, MuxType type, std::string_view payload) {
  append_header(out, stream, type, payload.size());
  out.append(payload);
}

void append_frame(std::string& out, std::uint32_t stream, MuxType type) {
  append_header(out, stream, type, 0);
}

void append_number_frame(std::string& out, std::uint32_t stream, MuxType type,
                         std::uint32_t number) {
  append_header(out, stream, type, 4);
  append_u32(out, number);
}

void append_hello(std::string& out, std::string_view nonce) {
  append_header(out, 0, MuxType::kHello, kMagic.size() + nonce.size());
  out.append(kMagic).append(nonce);
}

std::size_t frame_cut(std::string_view data) {
  data = data.substr(0, kMaxPayload);
  const std::size_t magic = find_magic(data);
  return magic == std::string_view::npos ? data.size() : magic + 1;
}

bool MuxDecoder::fill_partial(std::size_t bytes) {
  if (partial_.size() < bytes) {
    const std::size_t taken = std::min(bytes - partial_.size(), input_.size());
    partial_.append(input_.substr(0, taken));
    input_.remove_prefix(taken);
  }
  return partial_.size() >= bytes;
}

std::optional<MuxFrame> MuxDecoder::next() {
  if (partial_.empty() && input_.size() >= kMuxHeaderBytes) {
    const std::size_t bytes = kMuxHeaderBytes + payload_length(input_);
    if (input_.size() >= bytes) {
      const MuxFrame frame = parse(input_.substr(0, bytes));
      input_.remove_prefix(bytes);
      return frame;
    }
  }
  if (!fill_partial(kMuxHeaderBytes)) return std::nullopt;
  if (!fill_partial(kMuxHeaderBytes + payload_length(partial_))) return std::nullopt;
  whole_.swap(partial_);
  partial_.clear();
  return parse(whole_);
}

void MuxDecoder::reset() {
  input_ = {};
  partial_.clear();
}

std::optional<HelloScanner::Found> HelloScanner::scan(std::string_view piece) {
  // The seam first: what the last pieces ended with and as much of this one as a HELLO may need.
  std::string seam = tail_ + std::string(piece.substr(0, kHelloBytes - 1));
  const auto search = [](std::string_view data) -> std::optional<std::size_t> {
    std::string header;
    append_header(header, 0, MuxType::kHello, kMagic.size() + kNonceBytes);
    for (std::size_t at = 0; data.size() - at >= kHelloBytes; ++at) {
      const std::size_t magic = find_magic(data.substr(at + kMuxHeaderBytes));
      if (magic == std::string_view::npos) return std::nullopt;
      at += magic;
      if (data.size() - at < kHelloBytes) return std::nullopt;
      if (data.substr(at, kMuxHeaderBytes) == header) return at;
    }
    return std::nullopt;
  };
  if (const auto at = search(seam)) {
    const std::size_t end = *at + kHelloBytes;
    Found found{.end = end - tail_.size(), .nonce = seam.substr(end - kNonceBytes, kNonceBytes)};
    tail_.clear();
    return found;
  }
  if (const auto at = search(piece)) {
    const std::size_t end = *at + kHelloBytes;
    tail_.clear();
    return Found{.end = end, .nonce = std::string(piece.substr(end - kNonceBytes, kNonceBytes))};
  }
  if (piece.size() >= kHelloBytes - 1) {
    tail_ = piece.substr(piece.size() - (kHelloBytes - 1));
  } else {
    tail_ = seam.substr(seam.size() - std::min(seam.size(), kHelloBytes - 1));
  }
  return std::nullopt;
}

}  // namespace pyro::link
