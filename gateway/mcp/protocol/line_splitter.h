#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace pyro::mcp {

/// A line of a client, in bytes.
inline constexpr std::size_t kMaxLineBytes = 64U << 20U;

struct Line {
  std::string text;
  bool too_long = false;  ///< skipped, and `text` is empty
};

/// Cuts a stream of bytes into lines at 0x0A alone: U+2028 and its like are text. Blank lines are
/// left out. Holds one line at a time, up to its limit; of a longer one nothing.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t limit_bytes = kMaxLineBytes) : limit_bytes_(limit_bytes) {}

  void feed(std::string_view bytes);
  /// The next whole line; one that is too long comes before its end has.
  std::optional<Line> next();

 private:
  const std::size_t limit_bytes_;
  std::string begun_;
  bool skipping_ = false;
  std::deque<Line> whole_;
};

}  // namespace pyro::mcp
