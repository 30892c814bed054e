#include "common/link/unix_listener.h"

#include <sys/un.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro::link {

UnixListener::UnixListener(asio::io_context& io, const std::filesystem::path& path,
                           std::function<void(UniqueFd)> on_connection)
    : acceptor_(io), path_(path), on_connection_(std::move(on_connection)) {
  listen(path);
}

UnixListener::~UnixListener() { ::unlink(path_.c_str()); }

void UnixListener::listen(const std::filesystem::path& path) {
  using Unix = asio::local::stream_protocol;
  if (path.string().size() >= sizeof(sockaddr_un{}.sun_path)) {
    throw invalid_argument("socket path '{}' is longer than {} bytes: choose a shorter directory",
                           path.string(), sizeof(sockaddr_un{}.sun_path) - 1);
  }
  ::unlink(path.c_str());
  asio::error_code failed;
  acceptor_.open(Unix(), failed);
  if (!failed) acceptor_.bind(Unix::endpoint(path.string()), failed);
  if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) throw system_error(fmt::format("listen on '{}'", path.string()), failed.value());
  accept();
}

void UnixListener::listen_again(const std::filesystem::path& path) {
  acceptor_.close();
  ::unlink(path_.c_str());
  path_ = path;
  make_private_directory(path.parent_path());
  listen(path);
}

void UnixListener::close() {
  asio::error_code ignored;
  acceptor_.close(ignored);
}

void UnixListener::accept() {
  acceptor_.async_accept([this](auto failed, asio::local::stream_protocol::socket socket) {
    if (failed == asio::error::operation_aborted) return;
    if (!failed) on_connection_(UniqueFd(socket.release()));
    accept();
  });
}

}  // namespace pyro::link
