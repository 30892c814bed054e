#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace pyro::agent {

/// The end of a shell's output: the last 4 MiB at least, and at most a block more.
class Scrollback {
 public:
  static constexpr std::uint64_t kBlockBytes = 64U << 10U;

  void append(std::string_view data);
  std::uint64_t total() const { return total_; }

  struct Place {
    std::uint64_t offset = 0;      ///< bytes before it
    std::uint64_t characters = 0;  ///< of those, the ones that begin a character of UTF-8
  };
  Place oldest() const { return oldest_; }

  struct Piece {
    std::uint64_t offset = 0;  ///< of its first byte: that asked for, or the oldest that is kept
    std::string data;
  };
  Piece read(std::uint64_t offset, std::uint64_t max_bytes) const;

 private:
  std::deque<std::string> blocks_;  ///< each full but the last
  Place oldest_;
  std::uint64_t total_ = 0;
};

}  // namespace pyro::agent
