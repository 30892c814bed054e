#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pyro {

/// The kept part of a stream's output, its beginning and its end: of `total` bytes the first
/// `head`, and the rest of the kept bytes from the end.
struct OutputShape {
  std::uint64_t total = 0;
  std::uint64_t head = 0;
};

/// A part of what a stream printed.
struct OutputPart {
  enum class Then { kEnd, kGap, kMore };
  std::uint64_t dropped = 0;  ///< bytes between the place that was asked for and `data`
  std::string data;
  Then then = Then::kEnd;  ///< what follows it
};

/// Where what follows the first `offset` bytes of the output lies among the `kept_bytes` of it.
struct OutputSpan {
  std::uint64_t dropped = 0;
  std::uint64_t position = 0;
  std::uint64_t bytes = 0;
  OutputPart::Then then = OutputPart::Then::kEnd;
};
/// At most `max_bytes`, and none behind a gap: the next span names what is missing there.
OutputSpan locate(OutputShape shape, std::uint64_t kept_bytes, std::uint64_t offset,
                  std::uint64_t max_bytes);

/// The kept part as one text, with a line in the gap that says how much was dropped.
std::string text_of(OutputShape shape, std::string_view kept);

/// `[… 5 bytes dropped …]` on a line of its own.
std::string gap_text(std::uint64_t dropped);

/// How often a caller that waits for a command hears its last line.
inline constexpr std::chrono::seconds kLastLineInterval{2};

/// Keeps the first and the last half of what a stream printed, up to `kLimit` bytes in all.
class CapturedOutput {
 public:
  static constexpr std::size_t kLimit = 8U << 20U;

  void append(std::string_view data);
  /// So many bytes were dropped here.
  void skip(std::uint64_t bytes);
  bool truncated() const { return shape().total > head_.size() + tail().size(); }
  OutputShape shape() const;
  std::string kept() const;
  /// The kept part from `offset` on; nothing yet when that is beyond the total.
  OutputPart read(std::uint64_t offset, std::uint64_t max_bytes) const;
  std::string text() const { return text_of(shape(), kept()); }
  /// The last line with something in it, for a person: at most 200 printable characters.
  std::string last_line() const;

 private:
  std::string_view tail() const;

  std::string head_;
  bool head_closed_ = false;
  std::string tail_;
  std::uint64_t dropped_ = 0;  ///< between the two
};

}  // namespace pyro
