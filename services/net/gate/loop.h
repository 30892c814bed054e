#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "common/base/clock.h"
#include "common/base/unique_fd.h"

namespace pyro::gate {

/// One thread that waits for descriptors and times. Whatever relays bytes shares one buffer of it,
/// so that a connection at rest costs no memory.
class Loop {
 public:
  Loop();

  /// Handles events, in the order of the kernel, until stop().
  void run();
  void stop() { stopped_ = true; }

  /// Calls `ready` with the events of EPOLL… while it lives.
  class Watch {
   public:
    using Ready = std::function<void(std::uint32_t events)>;
    Watch() = default;
    Watch(Loop& loop, int fd, std::uint32_t events, Ready ready);
    Watch(Watch&& other) noexcept;
    Watch& operator=(Watch&& other) noexcept;
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();

    /// 0: none at all, not even the end of the connection, which the kernel would tell for ever.
    void want(std::uint32_t events);

   private:
    friend class Loop;
    void end();

    Loop* loop_ = nullptr;
    int fd_ = -1;
    std::uint64_t id_ = 0;
    std::uint32_t events_ = 0;
  };

  /// Calls `due` once, unless it ends before.
  class Timer {
   public:
    Timer() = default;
    Timer(Loop& loop, Deadline at, std::function<void()> due);
    Timer(Timer&& other) noexcept;
    Timer& operator=(Timer&& other) noexcept;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer();

    bool is_set() const { return loop_ != nullptr; }

   private:
    friend class Loop;
    void end();

    Loop* loop_ = nullptr;
    std::uint64_t id_ = 0;
    Deadline at_{};
  };

  /// Destroys it once the current event is handled: what handles it may be in it.
  template <class T>
  void bury(std::unique_ptr<T> gone) {
    gone_.push_back(std::shared_ptr<T>(std::move(gone)));
  }

  /// Of the one who handles an event.
  std::vector<char>& buffer() { return buffer_; }
  /// How much of it a relay may fill, that has to hold what its other side does not take: less once
  /// all of them hold much. A guest that reads nothing does not use the host's memory up.
  std::size_t most_read_bytes() const;
  /// What relays hold, together.
  std::size_t held_bytes = 0;

 private:
  void run_timers();
  int wait_ms() const;

  UniqueFd epoll_;
  bool stopped_ = false;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::shared_ptr<Watch::Ready>> watches_;
  std::map<std::pair<Deadline, std::uint64_t>, std::pair<Timer*, std::function<void()>>> timers_;
  std::vector<std::shared_ptr<void>> gone_;
  std::vector<char> buffer_;
};

}  // namespace pyro::gate
