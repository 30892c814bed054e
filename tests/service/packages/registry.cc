#include "tests/service/packages/registry.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"

namespace pyro::net {

Registry::Registry() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener_.get(), 100) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw system_error("listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] {
    while (true) {
      UniqueFd one(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!one) return;
      serve(std::move(one));
    }
  });
}

Registry::~Registry() { ::shutdown(listener_.get(), SHUT_RDWR); }

void Registry::set(const std::string& path, Answer answer) {
  const std::lock_guard held(lock_);
  answers_[path] = std::move(answer);
}

std::vector<std::string> Registry::heads() const {
  const std::lock_guard held(lock_);
  return heads_;
}

std::size_t Registry::count(const std::string& path) const {
  std::size_t found = 0;
  for (const auto& head : heads()) {
    if (split(head, ' ').at(1) == path) ++found;
  }
  return found;
}

void Registry::serve(UniqueFd connection) {
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string head;
  std::array<char, 4096> buffer{};
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(connection.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    head.append(buffer.data(), static_cast<std::size_t>(got));
  }
  Answer answer{.status = "404 Not Found", .body = "no such path"};
  {
    const std::lock_guard held(lock_);
    heads_.push_back(head);
    const auto found = answers_.find(split(head, ' ').at(1));
    if (found != answers_.end()) answer = found->second;
  }
  const std::string length =
      answer.with_length ? fmt::format("Content-Length: {}\r\n", answer.body.size()) : "";
  const std::string text = fmt::format("HTTP/1.1 {}\r\n{}{}Connection: close\r\n\r\n{}",
                                       answer.status, length, answer.fields, answer.body);
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t sent = ::send(connection.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string talk_to(const std::string& socket, std::string_view bytes) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw system_error("connect");
  }
  write_all(fd.get(), bytes);
  std::string all;
  std::array<char, 65536> buffer{};
  ssize_t got = 0;
  while ((got = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0) {
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return all;
}

Response get(const std::string& socket, const std::string& path, const std::string& fields) {
  // Of HTTP/1.0, so that no body comes in pieces.
  const std::string all =
      talk_to(socket, fmt::format("GET {} HTTP/1.0\r\nHost: packages\r\n{}\r\n", path, fields));
  Response response;
  const auto end = all.find("\r\n\r\n");
  if (end == std::string::npos) return response;
  response.head = all.substr(0, end + 2);
  response.body = all.substr(end + 4);
  response.status = std::atoi(response.head.substr(response.head.find(' ') + 1, 3).c_str());
  constexpr std::string_view kState = "X-Package-Cache: ";
  if (const auto at = response.head.find(kState); at != std::string::npos) {
    response.cache = response.head.substr(at + kState.size());
    response.cache.resize(response.cache.find('\r'));
  }
  return response;
}

}  // namespace pyro::net
