#include "services/vm/machines/machine_watch.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "common/base/error.h"

namespace pyro::vm {
namespace {

constexpr std::uint64_t kQuitKey = 0;

void add_to(int epoll, int fd, std::uint64_t key) {
  epoll_event event{};
  // One shot: a pidfd remains readable for good.
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.u64 = key;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) throw system_error("epoll_ctl");
}

}  // namespace

MachineWatch::MachineWatch(std::function<void(const std::string&)> on_end)
    : on_end_(std::move(on_end)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      quit_(::eventfd(0, EFD_CLOEXEC)) {
  add_to(epoll_.get(), quit_.get(), kQuitKey);
  thread_ = std::jthread([this] { run(); });
}

MachineWatch::~MachineWatch() { ::eventfd_write(quit_.get(), 1); }

void MachineWatch::add(const std::string& vm_id, int pidfd) {
  const std::lock_guard lock(mutex_);
  // A copy of its own, so that the caller may close its descriptor at any time.
  Watched watched{++last_key_, UniqueFd(::fcntl(pidfd, F_DUPFD_CLOEXEC, 3))};
  add_to(epoll_.get(), watched.pidfd.get(), watched.key);
  watched_[vm_id] = std::move(watched);
}

void MachineWatch::remove(const std::string& vm_id) {
  const std::lock_guard lock(mutex_);
  watched_.erase(vm_id);
}

void MachineWatch::run() {
  while (true) {
    epoll_event event{};
    const int ready = ::epoll_wait(epoll_.get(), &event, 1, -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0 || event.data.u64 == kQuitKey) return;
    std::string ended;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [vm_id, watched] : watched_) {
        if (watched.key == event.data.u64) ended = vm_id;
      }
      watched_.erase(ended);
    }
    if (!ended.empty()) on_end_(ended);
  }
}

}  // namespace pyro::vm
