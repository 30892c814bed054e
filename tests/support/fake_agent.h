#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <thread>

#include "common/api/error_body.h"
#include "common/api/msgpack_codec.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/unique_fd.h"
#include "common/link/message_frame.h"

namespace pyro::testing {

/// A guest's link, and an agent behind it that answers whatever a test wants it to.
class FakeAgent {
 public:
  /// The frames that follow a request; nullopt: it hangs up.
  using Answer = std::function<std::optional<std::string>(const link::Frame&)>;

  FakeAgent(const std::filesystem::path& socket, Answer answer) : answer_(std::move(answer)) {
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket.string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 16) != 0) {
      throw system_error("listen");
    }
    acceptor_ = std::jthread([this] { accept_all(); });
  }
  ~FakeAgent() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (const auto& connection : connections_) ::shutdown(connection.fd.get(), SHUT_RDWR);
  }
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;

  int open_connections() const { return open_; }

  template <class Reply>
  static std::string result(const Reply& reply) {
    return frame(link::FrameType::kResult, api::to_msgpack(reply));
  }
  static std::string error(const Error& error) {
    return frame(link::FrameType::kError, api::to_msgpack(api::error_body(error)));
  }
  static std::string output(std::string text) {
    return frame(link::FrameType::kOutput, std::move(text), 1);
  }

 private:
  struct Connection {
    UniqueFd fd;
    std::jthread thread;
  };

  static std::string frame(link::FrameType type, std::string body, std::uint32_t stream = 0) {
    link::Frame frame{.type = type, .method = {}, .stream = stream, .body = {}};
    frame.body.data = std::move(body);
    return link::encode_frame(frame);
  }
  static void send(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void accept_all() {
    while (true) {
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd) return;
      const int raw = fd.get();
      connections_.push_back({std::move(fd), std::jthread([this, raw] { serve(raw); })});
    }
  }
  void serve(int fd) {
    ++open_;
    const Cleanup closed([this] { --open_; });
    for (char c = 0; c != '\n';) {
      if (::recv(fd, &c, 1, 0) != 1) return;
    }
    send(fd, "OK 1\n");
    link::FrameDecoder decoder;
    char buffer[65536];
    while (true) {
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return;
      decoder.feed({buffer, static_cast<std::size_t>(got)});
      while (const auto request = decoder.next()) {
        const auto answer = answer_(*request);
        if (!answer) {
          ::shutdown(fd, SHUT_RDWR);
          return;
        }
        send(fd, *answer);
      }
    }
  }

  Answer answer_;
  std::atomic<int> open_ = 0;
  UniqueFd listener_;
  std::list<Connection> connections_;  ///< the acceptor's, until it has ended
  std::jthread acceptor_;
};

}  // namespace pyro::testing
