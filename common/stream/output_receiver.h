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

/// The caller's end of a call's live output: listens on a unix socket of its own, takes one
/// sender and hands on what it sends, in order, holding at most one chunk.
class OutputReceiver {
 public:
  /// Called by the receiver's thread. A writer that waits slows the sender; one that throws ends
  /// the stream, and the sender finds it closed.
  using Writer = std::function<void(std::uint32_t stream, std::string_view data)>;

  /// Listens on `directory/<random>.sock`; the directory is made (0700).
  OutputReceiver(const std::filesystem::path& directory, Writer writer);
  OutputReceiver(const OutputReceiver&) = delete;
  OutputReceiver& operator=(const OutputReceiver&) = delete;
  /// Closes at once what is still open, and removes the socket.
  ~OutputReceiver();

  const std::filesystem::path& socket() const { return socket_; }

  /// To be called once the call was answered: waits until all that was sent is written, at most
  /// until `deadline`; a sender that never came is not waited for. Throws what the writer threw
  /// and kInvalidArgument for a stream that makes no sense.
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
  UniqueFd ended_;  ///< an eventfd, readable once the thread is through
  std::optional<Error> failure_;
  std::jthread thread_;
};

}  // namespace pyro
