#include "common/stream/output_receiver.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <msgpack.hpp>
#include <vector>

#include "common/api/machine.h"
#include "common/api/msgpack_object.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/base/reasons/stack.h"
#include "common/stream/limits.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

/// The map around a chunk's data.
constexpr std::size_t kFraming = 64;

UniqueFd listen_on(const fs::path& socket) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw system_error("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket.string();
  if (path.size() >= sizeof address.sun_path) {
    throw invalid_argument("'{}' is too long for a unix socket: set a shorter PYRO_RUNTIME_DIR",
                           path);
  }
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);  // the socket API's own cast
  if (::bind(fd.get(), generic, sizeof address) != 0) throw system_error("bind '" + path + "'");
  if (::listen(fd.get(), 1) != 0) throw system_error("listen");
  return fd;
}

}  // namespace

OutputReceiver::OutputReceiver(const fs::path& directory, Writer writer)
    : socket_(directory / (random_hex(4) + ".sock")),
      writer_(std::move(writer)),
      ended_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  make_private_directory(directory);
  listener_ = listen_on(socket_);
  thread_ = std::jthread([this] { run(); });
}

OutputReceiver::~OutputReceiver() {
  closed_.request_stop();
  no_more_senders_.request_stop();
  if (thread_.joinable()) thread_.join();
  ::unlink(socket_.c_str());
}

void OutputReceiver::finish(Deadline deadline) {
  no_more_senders_.request_stop();
  if (!wait_for(ended_.get(), POLLIN, deadline, StopFd({}))) {
    throw deadline_exceeded("the end of the output did not come");
  }
  thread_.join();
  if (failure_) throw Error(*failure_);
}

void OutputReceiver::run() {
  try {
    const UniqueFd connection = accept_sender();
    if (connection) read_chunks(connection.get());
  } catch (const Error& error) {
    failure_ = error;
  }
  ::eventfd_write(ended_.get(), 1);
}

UniqueFd OutputReceiver::accept_sender() {
  const StopFd stop(no_more_senders_.get_token());
  std::vector<pollfd> watched{{listener_.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
  while (::poll(watched.data(), watched.size(), -1) < 0) {
    if (errno != EINTR) throw system_error("poll");
  }
  // Also after the stop: a sender that had connected before is in the backlog.
  UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  listener_.reset();
  ::unlink(socket_.c_str());
  return connection;
}

void OutputReceiver::read_chunks(int connection) {
  const msgpack::unpack_limit limits(16, 16, 256, stream::kLargestChunk, 0, 8);
  msgpack::unpacker unpacker(nullptr, nullptr, stream::kChunkBytes + kFraming, limits);
  const StopFd closed(closed_.get_token());
  try {
    while (true) {
      wait_for(connection, POLLIN, Deadline::max(), closed);
      unpacker.reserve_buffer(stream::kChunkBytes);
      const ssize_t n = ::read(connection, unpacker.buffer(), unpacker.buffer_capacity());
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n < 0) throw system_error("read the output");
      if (n == 0) break;
      unpacker.buffer_consumed(static_cast<std::size_t>(n));
      for (msgpack::object_handle handle; unpacker.next(handle);) {
        const auto chunk =
            api::from_msgpack<api::OutputChunk>(handle.get(), api::UnknownFields::kIgnore);
        writer_(chunk.stream, chunk.data.data);
      }
      if (unpacker.message_size() > stream::kLargestChunk + kFraming) {
        throw invalid_argument("the output stream holds a chunk that is too large");
      }
    }
  } catch (const msgpack::unpack_error& error) {
    throw invalid_argument("the output stream is damaged: {}", error.what());
  }
  if (unpacker.message_size() > 0) {
    throw unavailable(reason::kAnswerLost, "the output broke off in the middle");
  }
}

}  // namespace pyro
