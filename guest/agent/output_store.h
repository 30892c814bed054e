#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace pyro::agent {

/// The output of one stream of a job: its first and last 4 MiB, or its last bytes alone. Keeps
/// little output in memory, more in an unnamed file, which ends with the store.
class OutputStore {
 public:
  static constexpr std::uint64_t kHeadBytes = 4U << 20U;
  static constexpr std::uint64_t kTailBytes = 4U << 20U;

  /// How many of the first and of the last bytes are kept.
  struct Shape {
    std::uint64_t head = kHeadBytes;
    std::uint64_t tail = kTailBytes;
  };
  static constexpr std::size_t kMemoryBytes = 16U << 10U;

  /// `directory` outlives the store.
  explicit OutputStore(int directory) : OutputStore(directory, Shape()) {}
  OutputStore(int directory, Shape shape) : directory_(directory), shape_(shape) {}

  void append(std::string_view data);
  std::uint64_t total() const { return total_; }
  bool ends_line() const { return total_ == 0 || last_ == '\n'; }

  struct Piece {
    std::uint64_t dropped = 0;  ///< lost bytes from the offset on
    std::string data;           ///< the output after them
  };
  /// At most `max_bytes` from `offset` on. A piece ends at a gap.
  Piece read(std::uint64_t offset, std::uint64_t max_bytes) const;
  /// Of the last `bytes`, what is kept.
  std::string tail(std::uint64_t bytes) const;

 private:
  void open_file();
  void store(std::uint64_t offset, std::string_view data);
  void write_at(std::uint64_t position, std::string_view data);
  std::string read_at(std::uint64_t position, std::uint64_t bytes) const;

  int directory_;
  Shape shape_;
  UniqueFd file_;
  std::string memory_;
  std::uint64_t total_ = 0;
  std::uint64_t kept_ = ~std::uint64_t{0};  ///< writes failed from this offset on
  char last_ = '\n';
};

}  // namespace pyro::agent
