#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pyro {

/// The kept part of a stream's output: the first `head` of `total` bytes, and the rest from the
/// end.
struct OutputShape {
  std::uint64_t total = 0;
  std::uint64_t head = 0;
};

/// A part of a stream's output.
struct OutputPart {
  enum class Then { kEnd, kGap, kMore };
  std::uint64_t dropped = 0;  ///< bytes between the requested offset and `data`
  std::string data;
  Then then = Then::kEnd;  ///< what follows it
};

/// Maps `offset` in the output to its place in the `kept_bytes`.
struct OutputSpan {
  std::uint64_t dropped = 0;
  std::uint64_t position = 0;
  std::uint64_t bytes = 0;
  OutputPart::Then then = OutputPart::Then::kEnd;
};
/// At most `max_bytes`, up to a gap: the next span names the missing bytes.
OutputSpan locate(OutputShape shape, std::uint64_t kept_bytes, std::uint64_t offset,
                  std::uint64_t max_bytes);

/// The kept part as one text; a line in the gap says how much was dropped.
std::string text_of(OutputShape shape, std::string_view kept);

/// `[… 5 bytes dropped …]` on a line of its own.
std::string gap_text(std::uint64_t dropped);

/// How often a waiting caller hears a command's last line.
inline constexpr std::chrono::seconds kLastLineInterval{2};

/// Keeps the start and the end of a stream's output, up to `kLimit` bytes in all.
class CapturedOutput {
 public:
  static constexpr std::size_t kLimit = 8U << 20U;

  void append(std::string_view data);
  /// Records dropped bytes at this point.
  void skip(std::uint64_t bytes);
  bool truncated() const { return shape().total > head_.size() + tail().size(); }
  OutputShape shape() const;
  std::string kept() const;
  /// The kept part from `offset` on; nothing yet beyond the total.
  OutputPart read(std::uint64_t offset, std::uint64_t max_bytes) const;
  std::string text() const { return text_of(shape(), kept()); }
  /// The last non-empty line, for display: at most 200 printable characters.
  std::string last_line() const;

 private:
  std::string_view tail() const;

  std::string head_;
  bool head_closed_ = false;
  std::string tail_;
  std::uint64_t dropped_ = 0;  ///< between the two
};

}  // namespace pyro
