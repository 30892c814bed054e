#include "services/vm/shim/cache_broker.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <exception>
#include <string>
#include <utility>

#include "common/network/gate_protocol.h"

namespace pyro::vm {
namespace {

/// None: nobody listens, or too many wait. It never blocks: a gate's questions are answered in
/// turn.
UniqueFd connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  const std::string& name = path.native();
  if (name.empty() || name.size() >= sizeof address.sun_path) return {};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, name.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return {};
  }
  return fd;
}

}  // namespace

CacheBroker::CacheBroker(UniqueFd gate, std::filesystem::path cache)
    : gate_(std::move(gate)), cache_(std::move(cache)), thread_([this] { serve(); }) {}

CacheBroker::~CacheBroker() {
  ::shutdown(gate_.get(), SHUT_RDWR);
  thread_.join();
}

void CacheBroker::serve() const {
  try {
    while (network::receive_cache_question(gate_.get())) {
      const UniqueFd connection = connect_to(cache_);
      if (!network::answer_for_cache(gate_.get(), connection.get())) return;
    }
  } catch (const std::exception&) {
    // A gate that breaks the protocol gets no further connection.
  }
}

}  // namespace pyro::vm
