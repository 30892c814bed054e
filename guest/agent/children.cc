#include "guest/agent/children.h"

#include <sys/wait.h>

#include <asio/post.hpp>
#include <cerrno>
#include <csignal>

namespace pyro::agent {

int exit_code_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

Children::Children(asio::io_context& io) : signals_(io, SIGCHLD) { wait(); }

void Children::watch(pid_t pid, std::function<void(int)> on_exit) {
  watched_[pid] = std::move(on_exit);
}

void Children::wait() {
  signals_.async_wait([this](auto failed, int) {
    if (failed) return;
    reap();
    wait();
  });
}

void Children::reap() {
  int status = 0;
  while (true) {
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) break;
    const auto node = watched_.extract(pid);
    if (node) node.mapped()(exit_code_of(status));
  }
  // Posted: what the ends just set off, such as a job's answer, goes first.
  if (after_reaping_) asio::post(signals_.get_executor(), after_reaping_);
}

void Children::reap_all() {
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
}

}  // namespace pyro::agent
