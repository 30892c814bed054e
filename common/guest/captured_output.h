#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pyro {

/// Keeps the first and the last half of what a stream printed, up to `kLimit` bytes in all.
class CapturedOutput {
 public:
  static constexpr std::size_t kLimit = 8U << 20U;

  void append(std::string_view data);
  /// So many bytes came here that nobody kept.
  void skip(std::size_t bytes);
  bool truncated() const { return dropped_ > 0 || head_.size() + tail_.size() > kLimit; }
  /// The text, with a line in its middle that says how much was dropped there.
  std::string text() const;

 private:
  std::string head_;
  bool head_closed_ = false;
  std::string tail_;
  std::size_t dropped_ = 0;
};

}  // namespace pyro
