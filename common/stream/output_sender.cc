#include "common/stream/output_sender.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "common/api/machine.h"
#include "common/api/msgpack_codec.h"
#include "common/base/error.h"
#include "common/stream/limits.h"

namespace pyro {

OutputSender::OutputSender(const std::filesystem::path& socket, const Work& work)
    : deadline_(work.deadline),
      stop_(work.stop),
      fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  if (!fd_) throw system_error("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket.string();
  if (path.size() >= sizeof address.sun_path) {
    throw invalid_argument("output_socket '{}' is too long for a unix socket", path);
  }
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);  // the socket API's own cast
  if (::connect(fd_.get(), generic, sizeof address) != 0) {
    throw unavailable("the caller does not listen for output on '{}': {}", path,
                      system_error("connect").message());
  }
}

void OutputSender::send(std::uint32_t stream, std::string_view data) {
  while (!data.empty()) {
    const std::string_view part = data.substr(0, stream::kChunkBytes);
    data.remove_prefix(part.size());
    send_bytes(api::to_msgpack(api::OutputChunk{stream, {std::string(part)}}));
  }
}

void OutputSender::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(fd_.get(), POLLOUT, deadline_, stop_)) {
        throw deadline_exceeded("the caller did not take the output in time");
      }
    } else if (errno != EINTR) {
      throw unavailable("the caller closed its output");
    }
  }
}

}  // namespace pyro
