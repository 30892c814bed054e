#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/process/wait.h"

namespace pyro {

/// The caller's end of a call's live output: listens on its own unix socket, accepts one sender,
/// and passes its output on in order, holding at most one chunk.
class OutputReceiver {
 public:
  /// The receiver's thread calls it. A slow writer slows the sender; a writer that throws ends the
  /// stream, and the sender finds it closed.
  using Writer = std::function<void(std::uint32_t stream, std::string_view data)>;

  /// Listens on `directory/<random>.sock`; makes the directory (0700).
  OutputReceiver(const std::filesystem::path& directory, Writer writer);
  OutputReceiver(const OutputReceiver&) = delete;
  OutputReceiver& operator=(const OutputReceiver&) = delete;
  /// Closes open connections at once, and removes the socket.
  ~OutputReceiver();

  const std::filesystem::path& socket() const { return socket_; }

  /// Call it after the call's answer: waits until all output is written, at most until `deadline`,
  /// but not for a sender that never connected. Throws the writer's exception, and kInvalidArgument
  /// for an invalid stream.
  void finish(Deadline deadline);

 private:
  void run();
  UniqueFd accept_sender();
  void read_chunks(int connection);

  std::filesystem::path socket_;
  Writer writer_;
  UniqueFd listener_;
  std::stop_source no_more_senders_;
  std::stop_source closed_;
  UniqueFd ended_;  ///< an eventfd, readable once the thread is done
  std::optional<Error> failure_;
  std::jthread thread_;
};

}  // namespace pyro
