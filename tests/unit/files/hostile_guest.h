#pragma once

#include <sys/socket.h>

#include <functional>
#include <thread>

#include "common/link/message_frame.h"
#include "services/files/guest_tree.h"
#include "tests/unit/files/host_tree.h"

namespace pyro::testing {

/// The other end of a connection, which says whatever a test wants it to.
class HostileGuest {
 public:
  /// `speak` runs on a thread of its own once the first request has come.
  explicit HostileGuest(std::function<void(const HostileGuest&)> speak) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw system_error("socketpair");
    }
    host_.reset(ends[0]);
    guest_.reset(ends[1]);
    thread_ = std::jthread([this, speak = std::move(speak)] {
      wait_for_request();
      speak(*this);
      ::shutdown(guest_.get(), SHUT_WR);
    });
  }

  files::GuestTree connect(std::chrono::milliseconds time = std::chrono::seconds(20)) {
    return {link::AgentConnection(std::move(host_)), work_for(time)};
  }

  /// False once the host is gone.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(guest_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  bool frame(link::FrameType type, std::string body) const {
    link::Frame frame{.type = type, .method = {}, .body = {}};
    if (type == link::FrameType::kOutput) frame.stream = 1;
    frame.body.data = std::move(body);
    return send(link::encode_frame(frame));
  }
  bool output(std::string body) const { return frame(link::FrameType::kOutput, std::move(body)); }
  bool result() const { return frame(link::FrameType::kResult, api::to_msgpack(api::Nothing{})); }

  /// What a tree sink is given, as bytes.
  static std::string encoded(const std::function<void(tree::Encoder&)>& fill) {
    std::string bytes;
    tree::Encoder encoder([&bytes](std::string_view record) { bytes += record; });
    fill(encoder);
    return bytes;
  }

  /// Until the host closes its end.
  void wait_for_the_end() const {
    while (wait_for_request()) {
    }
  }

 private:
  bool wait_for_request() const {
    char buffer[65536];
    return ::recv(guest_.get(), buffer, sizeof buffer, 0) > 0;
  }

  UniqueFd host_;
  UniqueFd guest_;
  std::jthread thread_;
};

}  // namespace pyro::testing
