#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "common/api/agent.h"
#include "common/api/msgpack_codec.h"
#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "common/link/message_frame.h"
#include "common/process/wait.h"
#include "common/work/work.h"

namespace pyro::link {

/// A piece of a followed job's output.
struct OutputPiece {
  int stream;             ///< 1 standard output, 2 standard error
  std::uint64_t dropped;  ///< bytes just before it that are no longer kept
  std::string_view data;
};
using OnOutput = std::function<void(const OutputPiece&)>;

/// A caller's connection to the agent, blocking, for services with threads. One call at a time.
/// After an Error other than the agent's own answer every later call is kUnavailable; a job
/// continues, and a new connection finds it by its id.
class AgentConnection {
 public:
  /// Through a LinkServer's socket to `port` of the guest. kUnavailable when no process listens
  /// there or the guest refuses; waits until the agent has booted.
  static AgentConnection dial(const std::filesystem::path& socket, std::uint32_t port,
                              const Work& work);
  /// On a stream that is connected already.
  explicit AgentConnection(UniqueFd socket) : socket_(std::move(socket)) {}

  /// Throws the agent's Error with its code, kDeadlineExceeded, kCancelled, or kUnavailable when
  /// the connection was lost.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request, const Work& work) {
    return follow(request, {}, work);
  }

  /// The same, and `on_output` gets every piece of output that comes before the answer. While
  /// output comes, the deadline moves with it: a slow reader loses nothing.
  template <api::Operation Op>
  typename Op::Reply follow(const Op& request, const OnOutput& on_output, const Work& work) {
    return decode<typename Op::Reply>(
        exchange(Op::kMethod.name, api::to_msgpack(request), on_output, work, Patience::kMoves));
  }

  /// The same, and the deadline stands: a guest that sends without end is cut off by it.
  template <api::Operation Op>
  typename Op::Reply take(const Op& request, const OnOutput& on_output, const Work& work) {
    return decode<typename Op::Reply>(
        exchange(Op::kMethod.name, api::to_msgpack(request), on_output, work, Patience::kStands));
  }

  /// The stream itself, for a dialed port that speaks another protocol.
  UniqueFd release() { return std::move(socket_); }

 private:
  /// The effect of output on the deadline.
  enum class Patience { kMoves, kStands };

  std::string exchange(std::string_view method, std::string body, const OnOutput& on_output,
                       const Work& work, Patience patience);
  Frame wait_answer(const OnOutput& on_output, Deadline deadline, Patience patience,
                    const StopFd& stop);
  Frame read_frame(Deadline deadline, const StopFd& stop);
  void send(std::string_view data, Deadline deadline, const StopFd& stop);
  std::size_t receive(char* buffer, std::size_t bytes, Deadline deadline, const StopFd& stop);
  static Error malformed(std::string_view what);

  template <api::Message T>
  static T decode(std::string_view body) {
    try {
      return api::from_msgpack<T>(body, api::UnknownFields::kIgnore);
    } catch (const Error& error) {
      throw malformed(error.message());
    }
  }

  UniqueFd socket_;
  FrameDecoder decoder_;
  std::string input_;
};

}  // namespace pyro::link
