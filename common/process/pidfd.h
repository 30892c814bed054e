#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>

#include "common/base/unique_fd.h"

/// Processes that are not our children, safe against reused pids.
namespace pyro {

/// A pidfd, readable once the process ended; invalid if there is no such process.
UniqueFd open_pidfd(pid_t pid);

/// Signals the process of a pidfd; does nothing if it ended.
void signal_pidfd(int pidfd, int number);

/// Whether the process has `file` open (compared by inode): identifies the holder of a lock.
bool has_open(pid_t pid, const std::filesystem::path& file);

/// Who holds the flock(2) on a file that has its holder's pid in the first line.
struct LockHolder {
  pid_t pid = -1;
  UniqueFd pidfd;
};
/// nullopt: nobody. internal_error: somebody else than the file says.
std::optional<LockHolder> find_lock_holder(const std::filesystem::path& file);

/// Its proportional share of memory in bytes, from /proc/<pid>/smaps_rollup; nullopt: it is gone or
/// another user's.
std::optional<std::uint64_t> pss_bytes(pid_t pid);

}  // namespace pyro
