#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

namespace pyro {

/// Puts what was committed onto the disk right behind the commit, in a thread of its own: a power
/// cut loses the last few milliseconds, and no commit waits for the disk. A commit that waits for
/// it (`PRAGMA synchronous = FULL`) takes some 200 times as long; see
/// docs/decisions/0027-durability.md.
class WalSync {
 public:
  /// `wal`: SQLite's write-ahead log, which comes and goes.
  explicit WalSync(std::filesystem::path wal) : wal_(std::move(wal)) {}
  WalSync(const WalSync&) = delete;
  WalSync& operator=(const WalSync&) = delete;
  /// What was committed is on the disk then.
  ~WalSync();

  void committed();

 private:
  void run();

  std::filesystem::path wal_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool dirty_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace pyro
