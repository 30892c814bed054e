#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>

#include <thread>

#include "common/bus/client.h"
#include "common/bus/server.h"
#include "common/process/child_process.h"
#include "tests/service/bus/operations.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::bus::testing {

inline Deadline soon() { return Clock::now() + std::chrono::seconds(60); }

inline Work patient() { return {.deadline = soon()}; }

/// Waits until the caller of `call` no longer wants it; false when that does not happen.
inline bool wait_for_stop(Call& call, Deadline deadline = soon()) {
  const StopFd stop(call.stop());
  return wait_for(stop.get(), POLLIN, deadline, StopFd({}));
}

/// A server on a thread of this process.
class ServerThread {
 public:
  ServerThread(const std::filesystem::path& socket, std::size_t max_threads = 16)
      : server_(context_, {.service = "test", .socket = socket, .max_threads = max_threads}),
        stop_(::eventfd(0, EFD_CLOEXEC)) {}
  ~ServerThread() { stop(); }

  Server* operator->() { return &server_; }
  void start() {
    thread_ = std::thread([this] { server_.run(stop_.get()); });
  }
  /// As SIGTERM does; returns when it has ended.
  void stop() {
    ask_to_stop();
    if (thread_.joinable()) thread_.join();
  }
  void ask_to_stop() { ::eventfd_write(stop_.get(), 1); }

 private:
  Context context_;
  Server server_;
  UniqueFd stop_;
  std::thread thread_;
};

/// A bus_peer process; the constructor returns once it said that it is at work.
class Peer {
 public:
  Peer(std::string role, const std::filesystem::path& socket)
      : Peer(std::move(role), socket, make_pipe()) {}
  void signal(int number) { child_.signal(number); }
  void kill() { child_.kill(); }
  /// Its exit status; -1 when it does not end.
  int wait() {
    const auto status = child_.wait(soon(), StopFd({}));
    return status ? status->code : -1;
  }

 private:
  static std::pair<UniqueFd, UniqueFd> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
  }
  Peer(std::string role, const std::filesystem::path& socket, std::pair<UniqueFd, UniqueFd> out)
      : child_({.argv = {BUS_PEER, std::move(role), socket.string()},
                .descriptors = {{1, out.second.get()}, {2, 2}}}),
        out_(std::move(out.first)) {
    out.second.reset();
    char word[16];
    if (!wait_for(out_.get(), POLLIN, soon(), StopFd({})) ||
        ::read(out_.get(), word, sizeof word) <= 0) {
      throw internal_error("the peer did not get to work");
    }
  }
  ChildProcess child_;
  UniqueFd out_;
};

/// A private socket, and a client of it.
class BusTest : public ::testing::Test {
 protected:
  Answer ask(const std::string& text, const Work& options = patient()) {
    return client_.call(Ask{text}, options);
  }
  Answer change(const std::string& key, const std::string& text = "",
                const Work& options = patient()) {
    return client_.call(Change{key, text}, options);
  }

  pyro::testing::TestDirectory dir_;
  std::filesystem::path socket_ = dir_ / "test.sock";
  Context context_;
  Client client_{context_, "test", socket_};
};

}  // namespace pyro::bus::testing
