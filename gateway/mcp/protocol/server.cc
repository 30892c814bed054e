#include "gateway/mcp/protocol/server.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "common/base/error.h"
#include "common/base/files.h"
#include "gateway/mcp/protocol/session.h"

namespace pyro::mcp {

class Server::Impl {
 public:
  Impl(ServerInfo info, std::vector<Tool> tools)
      : offer_{.info = std::move(info), .tools = std::move(tools)} {}

  void serve(int input, int output_fd, int stop_fd) {
    const auto output = std::make_shared<Output>(output_fd, stop_fd);
    const Cleanup closing([&output] { output->close(); });
    const Cleanup begin_no_more([this] { offer_.pool.close(); });
    Session session(offer_, output);
    LineSplitter lines;
    std::string buffer(64U << 10U, '\0');
    while (true) {
      std::array<pollfd, 4> watched{{{input, POLLIN, 0},
                                     {output_fd, 0, 0},
                                     {stop_fd, POLLIN, 0},
                                     {output->closed_fd(), POLLIN, 0}}};
      if (::poll(watched.data(), watched.size(), -1) < 0) {
        if (errno == EINTR) continue;
        throw system_error("poll");
      }
      if (watched[1].revents != 0 || watched[2].revents != 0 || watched[3].revents != 0) return;
      const ssize_t read = ::read(input, buffer.data(), buffer.size());
      if (read < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      // What a client that is gone leaves is an error of one kind or another.
      if (read <= 0) return;
      lines.feed({buffer.data(), static_cast<std::size_t>(read)});
      while (auto line = lines.next()) {
        if (output->closed()) return;
        session.take(std::move(*line));
      }
    }
  }

 private:
  Offer offer_;
};

Server::Server(ServerInfo info, std::vector<Tool> tools)
    : impl_(std::make_unique<Impl>(std::move(info), std::move(tools))) {}

Server::~Server() = default;

void Server::serve(int input, int output, int stop_fd) { impl_->serve(input, output, stop_fd); }

}  // namespace pyro::mcp
