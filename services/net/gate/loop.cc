#include "services/net/gate/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "common/base/error.h"

namespace pyro::gate {
namespace {

/// The best size for a relay by measurement.
constexpr std::size_t kBufferBytes = 256U << 10U;
constexpr int kMostEvents = 128;
constexpr std::size_t kMuchHeld = 16U << 20U;
constexpr std::size_t kLittleRead = 8U << 10U;

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(kBufferBytes) {
  if (!epoll_) throw system_error("epoll_create1");
}

std::size_t Loop::most_read_bytes() const {
  return held_bytes > kMuchHeld ? kLittleRead : buffer_.size();
}

int Loop::wait_ms() const {
  if (timers_.empty()) return -1;
  // Rounded up, so that the timer is due then.
  return static_cast<int>(
      std::min<std::int64_t>(remaining(timers_.begin()->first.first).count() + 1, 1 << 30));
}

void Loop::run() {
  std::array<epoll_event, kMostEvents> events;
  while (!stopped_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), kMostEvents, wait_ms());
    if (count < 0 && errno != EINTR) throw system_error("epoll_wait");
    for (int i = 0; i < count && !stopped_; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const auto found = watches_.find(event.data.u64);
      if (found == watches_.end()) continue;  // ended by an event before it
      const auto ready = found->second;
      (*ready)(event.events);
      gone_.clear();
    }
    run_timers();
  }
}

void Loop::run_timers() {
  while (!stopped_ && !timers_.empty() && timers_.begin()->first.first <= Clock::now()) {
    auto node = timers_.extract(timers_.begin());
    auto& [timer, due] = node.mapped();
    timer->loop_ = nullptr;
    due();
    gone_.clear();
  }
}

Loop::Watch::Watch(Loop& loop, int fd, std::uint32_t events, Ready ready)
    : loop_(&loop), fd_(fd), id_(loop.next_id_++), events_(events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id_;
  if (::epoll_ctl(loop.epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    loop_ = nullptr;
    throw system_error("epoll_ctl");
  }
  loop.watches_[id_] = std::make_shared<Ready>(std::move(ready));
}

Loop::Watch::Watch(Watch&& other) noexcept { *this = std::move(other); }

Loop::Watch& Loop::Watch::operator=(Watch&& other) noexcept {
  if (this == &other) return *this;
  end();
  loop_ = std::exchange(other.loop_, nullptr);
  fd_ = other.fd_;
  id_ = other.id_;
  events_ = other.events_;
  return *this;
}

Loop::Watch::~Watch() { end(); }

void Loop::Watch::end() {
  if (loop_ == nullptr) return;
  if (events_ != 0) ::epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
  loop_->watches_.erase(id_);
  loop_ = nullptr;
}

void Loop::Watch::want(std::uint32_t events) {
  if (loop_ == nullptr || events == events_) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id_;
  const int change = events == 0 ? EPOLL_CTL_DEL : events_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  ::epoll_ctl(loop_->epoll_.get(), change, fd_, &event);
  events_ = events;
}

Loop::Timer::Timer(Loop& loop, Deadline at, std::function<void()> due)
    : loop_(&loop), id_(loop.next_id_++), at_(at) {
  loop.timers_.emplace(std::pair(at_, id_), std::pair(this, std::move(due)));
}

Loop::Timer::Timer(Timer&& other) noexcept { *this = std::move(other); }

Loop::Timer& Loop::Timer::operator=(Timer&& other) noexcept {
  if (this == &other) return *this;
  end();
  loop_ = std::exchange(other.loop_, nullptr);
  id_ = other.id_;
  at_ = other.at_;
  if (loop_ != nullptr) loop_->timers_.at({at_, id_}).first = this;
  return *this;
}

Loop::Timer::~Timer() { end(); }

void Loop::Timer::end() {
  if (loop_ == nullptr) return;
  loop_->timers_.erase({at_, id_});
  loop_ = nullptr;
}

}  // namespace pyro::gate
