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
  std::uint64_t dropped;  ///< bytes just before it, no longer kept
  std::string_view data;
};
using OnOutput = std::function<void(const OutputPiece&)>;

/// A caller's connection to the agent, blocking, for services with threads. One call at a time.
/// After an Error that is not the agent's answer every later call is kUnavailable. A job continues;
/// a new connection finds it by its id.
class AgentConnection {
 public:
  /// Connects through a LinkServer's socket to `port` of the guest. Waits until the agent has
  /// booted. kUnavailable: no process listens there, or the guest refuses.
  static AgentConnection dial(const std::filesystem::path& socket, std::uint32_t port,
                              const Work& work);
  /// Uses a connected stream.
  explicit AgentConnection(UniqueFd socket) : socket_(std::move(socket)) {}

  /// Throws the agent's Error with its code, kDeadlineExceeded, kCancelled, or kUnavailable after a
  /// lost connection.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request, const Work& work) {
    return follow(request, {}, work);
  }

  /// The same; `on_output` gets every piece of output before the answer. Output moves the deadline:
  /// a slow reader loses nothing.
  template <api::Operation Op>
  typename Op::Reply follow(const Op& request, const OnOutput& on_output, const Work& work) {
    return decode<typename Op::Reply>(
        exchange(Op::kMethod.name, api::to_msgpack(request), on_output, work, Patience::kMoves));
  }

  /// The same with a fixed deadline, which cuts off a guest that sends without end.
  template <api::Operation Op>
  typename Op::Reply take(const Op& request, const OnOutput& on_output, const Work& work) {
    return decode<typename Op::Reply>(
        exchange(Op::kMethod.name, api::to_msgpack(request), on_output, work, Patience::kStands));
  }

  /// The stream itself, for a port with another protocol.
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
