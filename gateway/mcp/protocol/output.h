#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "gateway/mcp/protocol/json.h"

namespace pyro::mcp {

/// Where messages go, each a whole line. Thread-safe. A reader that does not read holds writers up,
/// but not beyond `stop_fd` becoming readable or close().
class Output {
 public:
  Output(int fd, int stop_fd);

  /// Nothing is written once the output is closed.
  void write(const Json& message);
  /// Ends a write that waits, and returns when the descriptor is not used any more.
  void close();
  /// Readable once it is closed: its reader is gone, a stop came, or close() was called.
  int closed_fd() const { return closed_.get(); }
  bool closed() const;

 private:
  void write_all(std::string_view bytes);

  const int fd_;
  const int stop_fd_;
  const bool socket_;
  const UniqueFd closed_;  ///< an eventfd
  std::mutex mutex_;
};

}  // namespace pyro::mcp
