#include "common/process/pidfd.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <string>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro {

UniqueFd open_pidfd(pid_t pid) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd && errno != ESRCH && errno != EINVAL) throw system_error("pidfd_open");
  return fd;
}

void signal_pidfd(int pidfd, int number) {
  ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0);
}

bool has_open(pid_t pid, const std::filesystem::path& file) {
  struct stat wanted {};
  if (::stat(file.c_str(), &wanted) != 0) return false;
  std::error_code failed;
  for (const auto& entry :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid), failed)) {
    struct stat info {};
    if (::stat(entry.path().c_str(), &info) == 0 && info.st_ino == wanted.st_ino &&
        info.st_dev == wanted.st_dev) {
      return true;
    }
  }
  return false;
}

std::optional<LockHolder> find_lock_holder(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file) || FileLock::attempt(file).held()) return std::nullopt;
  const std::string text = read_file(file, 8192);
  LockHolder holder;
  std::from_chars(text.data(), text.data() + text.size(), holder.pid);
  if (holder.pid > 0) holder.pidfd = open_pidfd(holder.pid);
  // The pidfd comes first: what is checked afterwards is true of the process it stands for.
  if (holder.pidfd && has_open(holder.pid, file)) return holder;
  if (FileLock::attempt(file).held()) return std::nullopt;
  throw internal_error("'{}' is locked by an unknown process: end it (fuser -v shows it)",
                       file.string());
}

std::optional<std::uint64_t> pss_bytes(pid_t pid) {
  std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
  for (std::string word; rollup >> word;) {
    std::uint64_t kib = 0;
    if (word == "Pss:" && rollup >> kib) return kib * 1024;
  }
  return std::nullopt;
}

}  // namespace pyro
