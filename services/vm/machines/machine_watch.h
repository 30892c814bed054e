#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "common/base/unique_fd.h"

namespace pyro::vm {

/// Notices at once when a machine's shim ends by itself: one thread on the pidfds of all shims.
class MachineWatch {
 public:
  /// Calls `on_end` with the machine's id on its own thread.
  explicit MachineWatch(std::function<void(const std::string& vm_id)> on_end);
  MachineWatch(const MachineWatch&) = delete;
  MachineWatch& operator=(const MachineWatch&) = delete;
  ~MachineWatch();

  void add(const std::string& vm_id, int pidfd);
  void remove(const std::string& vm_id);

 private:
  struct Watched {
    std::uint64_t key;
    UniqueFd pidfd;
  };
  void run();

  std::function<void(const std::string&)> on_end_;
  UniqueFd epoll_;
  UniqueFd quit_;
  std::mutex mutex_;
  std::map<std::string, Watched> watched_;
  std::uint64_t last_key_ = 0;
  std::jthread thread_;
};

}  // namespace pyro::vm
