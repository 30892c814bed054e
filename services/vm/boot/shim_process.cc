#include "services/vm/boot/shim_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "common/api/json_codec.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/log/log.h"
#include "common/process/pidfd.h"
#include "services/vm/shim/power_off.h"

namespace pyro::vm {
namespace {

constexpr std::chrono::seconds kEndLimit{5};

/// Needs no descriptor of its own: machines can be ended when there are none left.
bool wait_readable(int fd, std::chrono::milliseconds limit) {
  const Deadline deadline = Clock::now() + limit;
  pollfd watched{fd, POLLIN, 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    const int ready = ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

ShimProcess ShimProcess::start(const std::filesystem::path& program, const MachinePaths& paths,
                               const ShimSpec& spec,
                               const std::vector<std::pair<int, int>>& descriptors,
                               const Work& work) {
  write_file_atomically(paths.shim_spec(), api::to_json_text(spec));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
  UniqueFd ready(ends[0]);
  UniqueFd ready_write(ends[1]);
  const UniqueFd log = open_file(paths.vmm_log(), O_WRONLY | O_CREAT | O_APPEND);
  constexpr int kReadyFd = 3;
  Command command{.argv = {program.string(), paths.shim_spec().string()},
                  .descriptors = {{2, log.get()}, {kReadyFd, ready_write.get()}},
                  .parentage = Parentage::kDetached};
  command.descriptors.insert(command.descriptors.end(), descriptors.begin(), descriptors.end());
  ChildProcess child(command);
  ready_write.reset();
  char byte = 0;
  const bool answered = wait_for(ready.get(), POLLIN, work.deadline, StopFd(work.stop));
  if (!answered || ::read(ready.get(), &byte, 1) != 1) {
    child.kill();
    throw unavailable("the machine's shim did not start: {}",
                      printable(trim(read_tail(paths.vmm_log(), 600))));
  }
  ShimProcess shim(UniqueFd(::fcntl(child.pidfd(), F_DUPFD_CLOEXEC, 3)));
  child.release();
  return shim;
}

std::optional<ShimProcess> ShimProcess::find(const MachinePaths& paths) {
  if (auto shim = find_by_socket(paths.link_socket)) return shim;
  auto holder = find_lock_holder(paths.shim_lock());
  if (!holder) return std::nullopt;
  return ShimProcess(std::move(holder->pidfd));
}

std::optional<ShimProcess> ShimProcess::find_by_socket(const std::filesystem::path& link_socket) {
  const UniqueFd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection) throw system_error("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  link_socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
      0) {
    return std::nullopt;
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      peer.uid != ::geteuid()) {
    return std::nullopt;
  }
  // While the connection stands the process cannot have been replaced by another of its number.
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, peer.pid, 0)));
  if (!pidfd) return std::nullopt;
  return ShimProcess(std::move(pidfd));
}

bool ShimProcess::serve_again(const std::filesystem::path& link_socket) const {
  constexpr std::chrono::seconds kLimit{5};
  constexpr std::chrono::milliseconds kLook{10};
  signal_pidfd(pidfd_.get(), kServeAgain);
  for (const Deadline limit = Clock::now() + kLimit; Clock::now() < limit;) {
    if (std::filesystem::exists(link_socket)) return true;
    if (wait_readable(pidfd_.get(), kLook)) return false;
  }
  return false;
}

bool ShimProcess::running() const { return !wait_readable(pidfd_.get(), {}); }

void ShimProcess::end() {
  if (!pidfd_) return;
  signal_pidfd(pidfd_.get(), kEndAtOnce);
  if (!wait_readable(pidfd_.get(), kEndLimit)) {
    log::warn("a shim did not end when asked and is killed");
    // Its VMM dies with it (PR_SET_PDEATHSIG).
    signal_pidfd(pidfd_.get(), SIGKILL);
    wait_readable(pidfd_.get(), kEndLimit);
  }
  siginfo_t info{};
  // Reaps it when it is this process's child; an adopted one is init's.
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG);
  pidfd_.reset();
}

ShimProcess::~ShimProcess() {
  siginfo_t info{};
  if (pidfd_) ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG);
}

}  // namespace pyro::vm
