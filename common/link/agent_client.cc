#include "common/link/agent_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "common/api/error_body.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"
#include "common/process/pidfd.h"

namespace pyro::link {
namespace {

/// After a piece of output, the guest has at least this long for the next one or the answer.
constexpr std::chrono::seconds kNextPieceLimit{15};

/// An error's text longer than this is no sentence for a user.
constexpr std::size_t kMaxMessageBytes = 4096;

/// Reasons that an agent may give: what it knows of its own files and jobs. Any other name is a
/// decision of pyro itself, as that a workspace is gone, and a guest cannot make that.
constexpr std::array kReasonsOfGuests = {
    reason::kChangedMeanwhile, reason::kExists,        reason::kJobMissing,
    reason::kNoShell,          reason::kPathMissing,   reason::kOutsideWorkspace,
    reason::kTooLarge,         reason::kWrongFileType, reason::kGuestOverloaded,
    reason::kShellMissing,     reason::kShellStopped,  reason::kTooManyShells,
    reason::kInputNotRead,
};

/// The reason to take for the one that a guest gives; empty for none.
std::string_view taken(std::string_view given) {
  // Its disk is not the host's.
  if (given == reason::kDiskFull) return reason::kWorkspaceFull;
  for (const std::string_view known : kReasonsOfGuests) {
    if (known == given) return known;
  }
  return {};
}

UniqueFd connect_to(const std::filesystem::path& path, Deadline deadline, const StopFd& stop) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    throw invalid_argument("socket path '{}' is longer than {} bytes", text,
                           sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw system_error("socket");
  // A full backlog makes a unix connect wait; a signal only interrupts it, so it is bounded by
  // time.
  const auto left = std::max(remaining(deadline), std::chrono::milliseconds(1));
  timeval limit{.tv_sec = left.count() / 1000, .tv_usec = left.count() % 1000 * 1000};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
         0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN)
      throw deadline_exceeded(reason::kGuestSilent, "the guest's link at '{}' did not answer",
                              text);
    throw unavailable(reason::kGuestAway, "cannot reach the guest at '{}': {}", text,
                      std::strerror(errno));
  }
  wait_for(socket.get(), POLLOUT, deadline, stop);
  return socket;
}

constexpr std::size_t kReceiveBytes = 256U << 10U;

Error overdue() {
  return deadline_exceeded(reason::kGuestSilent, "the guest's agent did not answer in time");
}

/// How long a shim may take to end after its guest.
constexpr std::chrono::seconds kEndOfShim{1};

/// Whether the shim at the other end of `socket` has ended, or ends within the limit.
bool shim_ends(int socket, std::chrono::seconds limit, const StopFd& stop) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) {
    return false;
  }
  const UniqueFd process = open_pidfd(peer.pid);
  return !process || wait_for(process.get(), POLLIN, Clock::now() + limit, stop);
}

Error ended() {
  return unavailable(reason::kGuestAway,
                     "the guest ended by itself: it powered off, crashed or was killed");
}

/// A shim closes a stream when the agent does so, and when its guest has ended.
Error closed(int socket, const StopFd& stop) {
  if (shim_ends(socket, kEndOfShim, stop)) return ended();
  return unavailable(reason::kGuestAway, "the guest's agent closed the connection");
}

}  // namespace

AgentConnection AgentConnection::dial(const std::filesystem::path& socket, std::uint32_t port,
                                      const Work& work) {
  const StopFd stop(work.stop);
  AgentConnection connection(connect_to(socket, work.deadline, stop));
  connection.send(fmt::format("CONNECT {}\n", port), work.deadline, stop);
  std::string line;
  constexpr std::size_t kMaxLine = 32;
  // Byte by byte: what follows the line belongs to the stream.
  for (char c = 0; c != '\n'; line += c) {
    if (line.size() > kMaxLine) {
      throw unavailable(reason::kGuestAway, "port {} of the guest: not a guest's link", port);
    }
    if (connection.receive(&c, 1, work.deadline, stop) == 0) {
      if (shim_ends(connection.socket_.get(), std::chrono::seconds(0), stop)) throw ended();
      throw unavailable(reason::kGuestAway, "port {} of the guest refused the connection", port);
    }
  }
  if (!line.starts_with("OK ")) {
    throw unavailable(reason::kGuestAway, "port {} of the guest answered no OK", port);
  }
  return connection;
}

std::string AgentConnection::exchange(std::string_view method, std::string body,
                                      const OnOutput& on_output, const Work& work,
                                      Patience patience) {
  if (!socket_) throw unavailable(reason::kGuestAway, "an earlier call lost the guest's agent");
  const StopFd stop(work.stop);
  Frame frame{.type = FrameType::kRequest, .method = std::string(method), .body = {}};
  frame.body.data = std::move(body);
  const std::string request = encode_frame(frame);
  Cleanup give_up([this] { socket_.reset(); });
  send(request, work.deadline, stop);
  const Frame answer = wait_answer(on_output, work.deadline, patience, stop);
  if (answer.type == FrameType::kError) {
    auto refusal = decode<api::ErrorBody>(answer.body.data);
    give_up.dismiss();
    refusal.message = printable(std::string_view(refusal.message).substr(0, kMaxMessageBytes));
    refusal.reason = taken(refusal.reason);
    throw api::error_from(refusal);
  }
  give_up.dismiss();
  return answer.body.data;
}

Frame AgentConnection::wait_answer(const OnOutput& on_output, Deadline deadline, Patience patience,
                                   const StopFd& stop) {
  while (true) {
    // The deadline counts also for a guest that never pauses.
    if (Clock::now() > deadline) throw overdue();
    Frame frame = read_frame(deadline, stop);
    switch (frame.type) {
      case FrameType::kResult:
      case FrameType::kError:
        return frame;
      case FrameType::kProgress:
        continue;
      case FrameType::kOutput:
        if (!on_output || frame.stream == 0) throw malformed("output that was not asked for");
        on_output({static_cast<int>(frame.stream), frame.dropped, frame.body.data});
        // A slow reader may drain what a job printed for longer than the job itself may take.
        if (patience == Patience::kMoves) {
          deadline = std::max(deadline, Clock::now() + kNextPieceLimit);
        }
        continue;
      case FrameType::kRequest:
        throw malformed("a request");
    }
  }
}

Frame AgentConnection::read_frame(Deadline deadline, const StopFd& stop) {
  while (true) {
    try {
      if (auto frame = decoder_.next()) return std::move(*frame);
    } catch (const Error& error) {
      throw malformed(error.message());
    }
    if (input_.empty()) input_.resize(kReceiveBytes);
    const std::size_t got = receive(input_.data(), input_.size(), deadline, stop);
    if (got == 0) throw closed(socket_.get(), stop);
    decoder_.feed({input_.data(), got});
  }
}

void AgentConnection::send(std::string_view data, Deadline deadline, const StopFd& stop) {
  while (!data.empty()) {
    const ssize_t n = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      data.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      if (!wait_for(socket_.get(), POLLOUT, deadline, stop)) throw overdue();
    } else if (errno != EINTR) {
      throw closed(socket_.get(), stop);
    }
  }
}

std::size_t AgentConnection::receive(char* buffer, std::size_t bytes, Deadline deadline,
                                     const StopFd& stop) {
  while (true) {
    if (!wait_for(socket_.get(), POLLIN, deadline, stop)) throw overdue();
    const ssize_t n = ::recv(socket_.get(), buffer, bytes, MSG_DONTWAIT);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == ECONNRESET) return 0;
    if (errno != EAGAIN && errno != EINTR) throw system_error("read from the guest's agent");
  }
}

Error AgentConnection::malformed(std::string_view what) {
  return internal_error("the guest's agent sent a wrong answer: {}", printable(what));
}

}  // namespace pyro::link
