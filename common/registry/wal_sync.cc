#include "common/registry/wal_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/unique_fd.h"
#include "common/fault/fault.h"

namespace pyro {

WalSync::~WalSync() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void WalSync::committed() {
  const std::lock_guard lock(mutex_);
  dirty_ = true;
  changed_.notify_all();
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void WalSync::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return dirty_ || ending_; });
    if (!dirty_) return;
    dirty_ = false;
    lock.unlock();
    // Without a log there is nothing in it: SQLite has put all of it into the database, durably.
    const UniqueFd wal(::open(wal_.c_str(), O_RDWR | O_CLOEXEC));
    if (wal && ::fdatasync(wal.get()) == 0) fault::point("registry.synced");
    lock.lock();
  }
}

}  // namespace pyro
