#include "services/vm/boot/shim_control.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "common/api/error_body.h"
#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/link/frame_socket.h"

namespace pyro::vm {
namespace {

/// The shim says itself that the time is over; it has so long to say so.
constexpr std::chrono::seconds kAnswerGrace{1};

UniqueFd connect_to_shim(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    throw invalid_argument("socket path '{}' is longer than {} bytes", text,
                           sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw system_error("socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw unavailable("cannot reach the machine's shim at '{}': {}", text, std::strerror(errno));
  }
  return socket;
}

}  // namespace

std::string ShimControl::exchange(std::string_view method, std::string body,
                                  const Work& work) const {
  return with_context("ask the machine's shim", [&] {
    Work patient = work;
    patient.deadline += kAnswerGrace;
    const UniqueFd connection = connect_to_shim(socket_);
    link::FrameSocket socket(connection.get());
    link::Frame request{.method = std::string(method), .body = {}};
    request.body.data = std::move(body);
    socket.send(request, patient);
    link::Frame answer = socket.receive(patient);
    if (answer.type == link::FrameType::kError) {
      throw api::error_from(
          api::from_msgpack<api::ErrorBody>(answer.body.data, api::UnknownFields::kIgnore));
    }
    return std::move(answer.body.data);
  });
}

}  // namespace pyro::vm
