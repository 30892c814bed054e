#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <vector>

#include "common/base/unique_fd.h"
#include "services/vm/shim/bounded_log.h"

namespace pyro::vm {

/// What a VMM writes to a descriptor, in a log. It never waits for the disk's space: the machine
/// goes on.
class LoggedStream {
 public:
  /// `from` is the end to read; it becomes non-blocking.
  LoggedStream(asio::io_context& loop, UniqueFd from, const std::filesystem::path& log);

  /// Takes what is still there, at most `kMostAtEnd`, without waiting.
  void drain();

 private:
  static constexpr std::size_t kMostAtEnd = 1U << 20U;

  void read_more();

  asio::posix::stream_descriptor from_;
  BoundedLog log_;
  std::vector<char> buffer_;
};

}  // namespace pyro::vm
