#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "common/api/agent_files.h"
#include "common/base/error.h"
#include "guest/agent/files/freeze.h"
#include "guest/agent/files/volume.h"
#include "guest/agent/files/write_gate.h"

namespace pyro::agent::files {

/// The directories of a mounted volume. All are on one mount that the guest does not see: renames
/// between them work, and the guest's mounts below /workspace do not interfere.
struct VolumeDirectories {
  UniqueFd top;
  UniqueFd tree;     ///< shown at /workspace
  UniqueFd own;      ///< `.pyro`
  UniqueFd staging;  ///< `.pyro/staging`: garbage after a restart
};

/// The workspace, which all connections share.
class Workspace {
 public:
  explicit Workspace(Volume& volume) : volume_(volume) {}

  /// Mounts and shows it, unless done; finishes an interrupted change.
  void mount();
  /// Unmounts it if it is not in use.
  void release();
  /// kFailedPrecondition: it is not mounted.
  const VolumeDirectories& directories() const;

  /// Counts the tree, writes everything to the disk, freezes.
  std::unique_ptr<Freeze> freeze(Clock::duration limit, api::agent::VolumeUsage& usage);
  /// Writes everything to the disk, if it is mounted. The kernel reports a
  /// failure on the console.
  void flush() noexcept;
  /// The same error; of a full disk with its name, its size and the way out.
  Error about_its_disk(const Error& error) const;
  bool is_mounted() const { return mounted_.load() != nullptr; }
  /// Freezes it for good, before power off.
  void come_to_rest();

  /// Every writer holds a pass; a writer that checks the tree before its change also holds this
  /// lock.
  WriteGate& gate() { return gate_; }
  std::mutex& changes() { return changes_; }

 private:
  bool thaw();

  Volume& volume_;
  std::mutex mounting_;
  std::unique_ptr<VolumeDirectories> directories_;
  std::atomic<const VolumeDirectories*> mounted_{nullptr};
  std::mutex thawing_;
  bool resting_ = false;
  WriteGate gate_;
  std::mutex changes_;
};

}  // namespace pyro::agent::files
