#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Frames of the multiplexer, which carries many streams over the one byte stream between a host
/// and its guest.
///
/// Header, 8 bytes, little-endian: stream id u32, type u8, payload length u24. Then the payload.
namespace pyro::link {

enum class MuxType : std::uint8_t {
  kHello = 1,     ///< stream 0; magic and nonce: the link starts afresh
  kOpen = 2,      ///< host to agent; payload: port u32
  kAccept = 3,    ///< the agent took the stream
  kData = 4,      ///< at most kMaxPayload bytes, within the credit
  kWindow = 5,    ///< payload: u32, the number of bytes that may follow
  kFin = 6,       ///< no more data from this side
  kReset = 7,     ///< the stream is gone; the answer is kResetAck
  kResetAck = 8,  ///< nothing more will come for that id
};

inline constexpr std::size_t kMuxHeaderBytes = 8;
/// With its header fits one write(2) to a virtio port, which takes 32 KiB at a time.
inline constexpr std::size_t kMaxPayload = (32U << 10U) - kMuxHeaderBytes;
/// How many unconsumed bytes each side of a stream may send.
inline constexpr std::uint32_t kWindowBytes = 1U << 20U;
inline constexpr std::size_t kMaxStreams = 256;
inline constexpr std::size_t kNonceBytes = 16;

struct MuxFrame {
  std::uint32_t stream = 0;
  MuxType type = MuxType::kHello;
  std::string_view payload;  ///< valid until the decoder is used again

  /// The payload of kOpen and kWindow. Throws kInvalidArgument when it is not 4 bytes long.
  std::uint32_t number() const;
};

void append_frame(std::string& out, std::uint32_t stream, MuxType type, std::string_view payload);
void append_frame(std::string& out, std::uint32_t stream, MuxType type);
void append_number_frame(std::string& out, std::uint32_t stream, MuxType type,
                         std::uint32_t number);
void append_hello(std::string& out, std::string_view nonce);

/// How much of `data` may go into one frame: at most kMaxPayload, cut inside a HELLO in the data,
/// so that only a real HELLO appears on the wire in one piece.
std::size_t frame_cut(std::string_view data);

/// Cuts bytes into frames; copies none that arrive whole.
class MuxDecoder {
 public:
  /// Take all frames of the earlier input first. `input` must outlive the calls to next().
  void feed(std::string_view input) { input_ = input; }
  /// The next whole frame; nullopt keeps the rest for the next feed(). Throws kInvalidArgument for
  /// an invalid type or length.
  std::optional<MuxFrame> next();
  void reset();

 private:
  bool fill_partial(std::size_t bytes);

  std::string_view input_;
  std::string partial_;
  std::string whole_;
};

/// Finds a HELLO anywhere in a stream of bytes, in pieces of any size.
class HelloScanner {
 public:
  struct Found {
    std::size_t end;  ///< where in this piece the HELLO ends
    std::string nonce;
  };
  std::optional<Found> scan(std::string_view piece);

 private:
  std::string tail_;
};

}  // namespace pyro::link
