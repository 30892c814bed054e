#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "common/process/wait.h"
#include "common/work/work.h"

namespace pyro {

/// The service's end of a call's live output (api::OutputChunk): sends a guest's output to the
/// caller's socket. A dead or slow caller causes an Error or a bounded wait, never a signal or
/// hang.
class OutputSender {
 public:
  /// Connects for the time of the call. unavailable: no process listens there.
  OutputSender(const std::filesystem::path& socket, const Work& work);

  /// Sends all of `data` as chunks of `stream` (1 or 2), waiting for a slow reader.
  /// unavailable: the caller closed its end. deadline_exceeded, cancelled: the work's time is over;
  /// send nothing more, since a chunk may be incomplete.
  void send(std::uint32_t stream, std::string_view data);

 private:
  void send_bytes(std::string_view bytes);
  Deadline deadline_;
  StopFd stop_;
  UniqueFd fd_;
};

}  // namespace pyro
