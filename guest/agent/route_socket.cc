#include "guest/agent/route_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/base/error.h"

namespace pyro::agent {
namespace {

constexpr std::size_t kMostAnswerBytes = 32U << 10U;

void send_request(int socket, nlmsghdr* message) {
  if (::send(socket, message, message->nlmsg_len, 0) < 0) throw system_error("send to the kernel");
}

/// Into `buffer`; returns the length.
std::size_t receive_answer(int socket, std::vector<char>& buffer) {
  while (true) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw system_error("receive from the kernel");
  }
}

}  // namespace

RouteRequest::RouteRequest(std::uint16_t type, std::uint16_t flags, const void* header,
                           std::size_t bytes) {
  nlmsghdr head{};
  head.nlmsg_type = type;
  head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  append(&head, sizeof head);
  append(header, bytes);
}

void RouteRequest::add(std::uint16_t attribute, const void* value, std::size_t bytes) {
  const nlattr head{.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + bytes),
                    .nla_type = attribute};
  append(&head, sizeof head);
  append(value, bytes);
}

void RouteRequest::append(const void* data, std::size_t bytes) {
  const auto* begin = static_cast<const char*>(data);
  bytes_.insert(bytes_.end(), begin, begin + bytes);
  bytes_.resize((bytes_.size() + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO);
  message()->nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
}

RouteSocket::RouteSocket() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  if (!socket_) throw system_error("a netlink socket");
}

void RouteSocket::execute(RouteRequest request, int tolerated) const {
  request.message()->nlmsg_flags |= NLM_F_ACK;
  send_request(socket_.get(), request.message());
  std::vector<char> answer(kMostAnswerBytes);
  const std::size_t length = receive_answer(socket_.get(), answer);
  if (length < NLMSG_LENGTH(sizeof(nlmsgerr))) throw internal_error("the kernel answered briefly");
  nlmsgerr outcome{};
  std::memcpy(&outcome, answer.data() + NLMSG_HDRLEN, sizeof outcome);
  const int refusal = -outcome.error;
  if (refusal != 0 && refusal != tolerated) throw system_error("configure the network", refusal);
}

std::vector<char> RouteSocket::dump(RouteRequest request) const {
  request.message()->nlmsg_flags |= NLM_F_DUMP;
  send_request(socket_.get(), request.message());
  std::vector<char> all;
  std::vector<char> answer(kMostAnswerBytes);
  while (true) {
    const std::size_t length = receive_answer(socket_.get(), answer);
    std::size_t left = length;
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(answer.data());
         NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return all;
    }
    all.insert(all.end(), answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(length));
  }
}

}  // namespace pyro::agent
