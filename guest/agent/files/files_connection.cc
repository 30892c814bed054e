#include "guest/agent/files/files_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/api/error_body.h"
#include "common/api/msgpack_codec.h"

namespace pyro::agent::files {
namespace {

constexpr std::size_t kReadBytes = 64U << 10U;
constexpr std::uint32_t kTreeStream = 1;

}  // namespace

FilesConnection::FilesConnection(int socket, Workspace& workspace)
    : socket_(socket), workspace_(workspace), service_(workspace, [this](std::string_view piece) {
        send(link::FrameType::kOutput, piece);
      }) {}

void FilesConnection::serve() {
  link::FrameDecoder decoder;
  std::string input(kReadBytes, '\0');
  try {
    while (!gone_) {
      while (auto request = decoder.next()) {
        if (request->type != link::FrameType::kRequest) return;
        answer(*request);
        if (gone_) return;
      }
      const ssize_t n = ::read(socket_, input.data(), input.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      decoder.feed({input.data(), static_cast<std::size_t>(n)});
    }
  } catch (const std::exception&) {  // no frame, or a host that went while it was refused
  }
}

void FilesConnection::answer(const link::Frame& request) {
  try {
    send(link::FrameType::kResult, service_.dispatch(request));
  } catch (const Error& error) {
    refuse(workspace_.about_its_disk(error));
  } catch (const std::exception& error) {
    refuse(internal_error("{}: {}", request.method, error.what()));
  }
}

void FilesConnection::refuse(const Error& error) {
  if (gone_) return;
  send(link::FrameType::kError, api::to_msgpack(api::error_body(error)));
}

void FilesConnection::send(link::FrameType type, std::string_view body) {
  link::Frame frame{.type = type, .method = {}, .body = {}};
  if (type == link::FrameType::kOutput) frame.stream = kTreeStream;
  const std::string head = link::encode_frame_head(std::move(frame), body.size());
  send(head, MSG_MORE);
  send(body, 0);
}

void FilesConnection::send(std::string_view rest, int flags) {
  while (!rest.empty()) {
    const ssize_t n = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL | flags);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      gone_ = true;
      throw unavailable("the host is gone");
    }
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace pyro::agent::files
