#include "services/net/gate/relay/cache_dialer.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <utility>

#include "common/network/gate_protocol.h"

namespace pyro::gate {

UniqueFd CacheDialer::given() {
  constexpr int kNumber = network::kGateCacheSocket;
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(kNumber, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
    return {};
  }
  UniqueFd shim(kNumber);
  ::fcntl(kNumber, F_SETFD, FD_CLOEXEC);
  ::fcntl(kNumber, F_SETFL, O_NONBLOCK);
  return shim;
}

CacheDialer::CacheDialer(Loop& loop, UniqueFd shim) : shim_(std::move(shim)) {
  if (!shim_) return;
  watch_ = Loop::Watch(loop, shim_.get(), EPOLLIN, [this](std::uint32_t) { take_answers(); });
}

CacheDialer::Call CacheDialer::dial(Dialed dialed) {
  Call call;
  if (!shim_ || !network::ask_for_cache(shim_.get())) return call;
  call.waits_ = std::make_shared<Dialed>(std::move(dialed));
  waiting_.push_back(call.waits_);
  return call;
}

void CacheDialer::take_answers() {
  while (!waiting_.empty()) {
    auto answer = network::receive_cache_answer(shim_.get());
    if (!answer) {
      if (network::no_packet_yet()) return;
      watch_ = {};
      shim_.reset();
      for (const auto& waits : std::exchange(waiting_, {})) {
        if (const auto dialed = waits.lock()) (*dialed)({});
      }
      return;
    }
    const auto dialed = waiting_.front().lock();
    waiting_.pop_front();
    if (dialed) (*dialed)(std::move(answer->descriptor));
  }
}

}  // namespace pyro::gate
