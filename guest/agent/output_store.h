#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace pyro::agent {

/// The output of one stream of a job: its first and its last 4 MiB. Little output remains in
/// memory; more goes to a file without a name, which goes with the store.
class OutputStore {
 public:
  static constexpr std::uint64_t kHeadBytes = 4U << 20U;
  static constexpr std::uint64_t kTailBytes = 4U << 20U;
  static constexpr std::size_t kMemoryBytes = 16U << 10U;

  /// `directory` outlives the store.
  explicit OutputStore(int directory) : directory_(directory) {}

  void append(std::string_view data);
  std::uint64_t total() const { return total_; }
  bool ends_line() const { return total_ == 0 || last_ == '\n'; }

  struct Piece {
    std::uint64_t dropped = 0;  ///< bytes from the offset on that are gone
    std::string data;           ///< what follows them
  };
  /// At most `max_bytes` from `offset` on. A piece ends where a gap begins.
  Piece read(std::uint64_t offset, std::uint64_t max_bytes) const;

 private:
  void open_file();
  void store(std::uint64_t offset, std::string_view data);
  void write_at(std::uint64_t position, std::string_view data);
  std::string read_at(std::uint64_t position, std::uint64_t bytes) const;

  int directory_;
  UniqueFd file_;
  std::string memory_;
  std::uint64_t total_ = 0;
  std::uint64_t kept_ = ~std::uint64_t{0};  ///< the disk took nothing from this offset on
  char last_ = '\n';
};

}  // namespace pyro::agent
