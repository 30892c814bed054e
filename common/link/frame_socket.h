#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "common/link/message_frame.h"
#include "common/work/work.h"

namespace pyro::link {

/// Frames on a connected unix socket between two of our own processes, blocking.
/// kDeadlineExceeded, kCancelled; kUnavailable: the peer has closed it.
class FrameSocket {
 public:
  /// `fd` outlives it.
  explicit FrameSocket(int fd) : fd_(fd) {}

  /// Throws kInvalidArgument for what is no frame.
  Frame receive(const Work& work);
  void send(const Frame& frame, const Work& work) const;

 private:
  int fd_;
  FrameDecoder decoder_;
};

}  // namespace pyro::link
