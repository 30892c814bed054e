#include "services/supervisor/stack_lock.h"

#include <unistd.h>

#include "common/base/error.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"

namespace pyro::supervisor {

FileLock lock_state_dir(const Paths& paths) {
  const auto path = paths.state_dir / "supervisor.lock";
  FileLock lock = FileLock::attempt(path);
  if (lock.held()) {
    if (::ftruncate(lock.fd(), 0) != 0) throw system_error("ftruncate");
    write_all(lock.fd(), fmt::format("{}\n{}\n", ::getpid(), paths.runtime_dir.string()));
    return lock;
  }
  auto holder = split(read_file(path, 8192), '\n');
  holder.resize(2);
  if (holder[1] != paths.runtime_dir.string() && !holder[1].empty()) {
    throw failed_precondition(
        reason::kAlreadyRunning,
        "a stack (process {}) already runs for state directory '{}', with its sockets elsewhere: "
        "set PYRO_RUNTIME_DIR={} to use it",
        holder[0], paths.state_dir.string(), shell_quote(holder[1]));
  }
  throw failed_precondition(reason::kAlreadyRunning,
                            "a stack (process {}) already runs for state directory '{}'", holder[0],
                            paths.state_dir.string());
}

}  // namespace pyro::supervisor
