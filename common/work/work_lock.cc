#include "common/work/work_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/process/child_process.h"

namespace pyro {

std::optional<WorkLock> WorkLock::attempt(const std::filesystem::path& path) {
  UniqueFd fd = open_file(path, O_RDWR | O_CREAT);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return WorkLock(std::move(fd));
  if (errno != EWOULDBLOCK) throw system_error(fmt::format("flock '{}'", path.string()));
  return std::nullopt;
}

WorkLock WorkLock::acquire(const std::filesystem::path& path, std::string_view what,
                           const Work& work) {
  if (auto lock = attempt(path)) return std::move(*lock);
  UniqueFd fd = open_file(path, O_RDWR | O_CREAT);
  work.report("wait", fmt::format("waiting for {}", what));
  // flock(2) knows no deadline. flock(1) waits for us: it shares our open file, whose lock remains
  // ours when it ends, and it can be waited for and killed like any child.
  constexpr int kInherited = 3;
  const StopFd stop(work.stop);
  ChildProcess waiter({.argv = {"flock", "--exclusive", std::to_string(kInherited)},
                       .descriptors = {{kInherited, fd.get()}}});
  const auto status = waiter.wait(work.deadline, stop);
  if (!status) throw deadline_exceeded("{} did not finish in time", what);
  if (!status->ok()) throw internal_error("'flock' ended with status {}", status->code);
  return WorkLock(std::move(fd));
}

}  // namespace pyro
