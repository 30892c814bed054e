#include "guest/agent/tree_launcher.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <charconv>
#include <cstdio>
#include <map>
#include <vector>

#include "common/base/files.h"
#include "guest/agent/children.h"

namespace pyro::agent {
namespace {

/// Parent of a process by /proc/PID/stat; 0 when it is gone.
pid_t parent_of(const char* pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%.10s/stat", pid);
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t n = file ? ::read(file.get(), text, sizeof text) : 0;
  const std::string_view line(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  // `PID (NAME) STATE PPID`, and the name may hold anything but its last parenthesis.
  const std::size_t name_end = line.rfind(") ");
  if (name_end == std::string_view::npos || name_end + 4 >= line.size()) return 0;
  pid_t parent = 0;
  std::from_chars(line.data() + name_end + 4, line.data() + line.size(), parent);
  return parent;
}

std::vector<pid_t> descendants_of(pid_t root) {
  std::multimap<pid_t, pid_t> children;
  DIR* processes = ::opendir("/proc");
  if (processes == nullptr) return {};
  while (const dirent* entry = ::readdir(processes)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    pid_t pid = 0;
    std::from_chars(entry->d_name, entry->d_name + ::strlen(entry->d_name), pid);
    children.emplace(parent_of(entry->d_name), pid);
  }
  ::closedir(processes);
  std::vector<pid_t> found{root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto it = begin; it != end; ++it) found.push_back(it->second);
  }
  found.erase(found.begin());
  return found;
}

/// The process above a job. It tells the shell's exit code through its pipe, and by the pipe's end
/// that no process of the job is left.
class Reaper {
 public:
  explicit Reaper(int status_fd) : status_fd_(status_fd) {}

  [[noreturn]] void run(pid_t shell) {
    shell_ = shell;
    ::syscall(SYS_close_range, 0U, static_cast<unsigned>(status_fd_ - 1), 0U);
    ::syscall(SYS_close_range, static_cast<unsigned>(status_fd_ + 1), ~0U, 0U);
    sigset_t awaited;
    ::sigemptyset(&awaited);
    ::sigaddset(&awaited, SIGCHLD);
    ::sigaddset(&awaited, SIGTERM);
    while (true) {
      const int number = ::sigwaitinfo(&awaited, nullptr);
      if (number == SIGTERM) kill_all();
      while (reap(WNOHANG)) {
      }
    }
  }

 private:
  /// Each round one child at least dies, and what it leaves behind becomes ours.
  [[noreturn]] void kill_all() {
    while (true) {
      for (const pid_t pid : descendants_of(::getpid())) ::kill(pid, SIGKILL);
      reap(0);
    }
  }

  /// False when none has ended yet. Does not return when there is none any more.
  bool reap(int flags) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, flags);
    if (pid < 0 && errno == ECHILD) ::_exit(0);
    if (pid > 0 && pid == shell_) {
      const int code = exit_code_of(status);
      [[maybe_unused]] const ssize_t n = ::write(status_fd_, &code, sizeof code);
    }
    return pid > 0;
  }

  int status_fd_;
  pid_t shell_ = -1;
};

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;

  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("pipe2");
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
};

[[noreturn]] void reap_job(pid_t agent, int status_fd, const std::function<void()>& become_shell) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != agent) ::_exit(0);
  ::setsid();
  // Signals remain blocked: run() takes them one by one. The agent's handlers must not be ours.
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  const pid_t shell = ::fork();
  if (shell == 0) become_shell();
  Reaper(status_fd).run(shell);
}

}  // namespace

class TreeLauncher::Tree : public JobProcesses {
 public:
  struct Watch : std::enable_shared_from_this<Watch> {
    Watch(asio::io_context& io, int status_fd) : status(io, status_fd) {}

    void wait() {
      status.async_read_some(asio::buffer(&code, sizeof code),
                             [self = shared_from_this()](auto failed, std::size_t) {
                               const ProcessEvents report = self->events;
                               const bool first = !std::exchange(self->shell_gone, true);
                               // An end without a code: the reaper was killed.
                               if (first && report.on_shell_exit) {
                                 report.on_shell_exit(failed ? 128 + SIGKILL : self->code);
                               }
                               if (!failed) return self->wait();
                               self->ended = true;
                               if (report.on_empty) report.on_empty();
                             });
    }

    asio::posix::stream_descriptor status;
    ProcessEvents events;
    int code = 0;
    bool shell_gone = false;
    bool ended = false;
  };

  Tree(pid_t reaper, std::shared_ptr<Watch> watch) : reaper_(reaper), watch_(std::move(watch)) {}
  ~Tree() override { watch_->events = {}; }

  /// Of its parent, which adopts its orphans.
  pid_t pid() const override { return reaper_; }
  void signal(int number) override {
    if (watch_->ended) return;
    for (const pid_t pid : descendants_of(reaper_)) ::kill(pid, number);
  }

  void kill() override {
    if (!watch_->ended) ::kill(reaper_, SIGTERM);
  }

 private:
  pid_t reaper_;
  std::shared_ptr<Watch> watch_;
};

TreeLauncher::TreeLauncher(asio::io_context& io, Children& children)
    : io_(io), children_(children), null_(open_file("/dev/null", O_RDWR)) {}

std::unique_ptr<JobProcesses> TreeLauncher::launch(const std::string& job_id, ShellCommand& command,
                                                   int out_fd, int error_fd, ProcessEvents events) {
  Pipe status;
  Pipe report;
  const pid_t agent = ::getpid();
  pid_t reaper = -1;
  {
    const SignalsBlocked blocked;
    reaper = ::fork();
    if (reaper == 0) {
      reap_job(agent, status.write_end.get(),
               [&] { command.become(null_.get(), out_fd, error_fd, report.write_end.get()); });
    }
  }
  if (reaper < 0) throw system_error("fork");
  reapers_.emplace(reaper, Reaping{.job_id = job_id, .gone = {}});
  children_.watch(reaper, [this, reaper](int) {
    const auto node = reapers_.extract(reaper);
    if (node && node.mapped().gone) node.mapped().gone();
  });
  report.write_end.reset();
  status.write_end.reset();
  command.wait_started(report.read_end.get());
  auto watch = std::make_shared<Tree::Watch>(io_, status.read_end.release());
  watch->events = std::move(events);
  watch->wait();
  return std::make_unique<Tree>(reaper, std::move(watch));
}

bool TreeLauncher::end_left(const std::string& job_id, std::function<void()> gone) {
  for (auto& [reaper, reaping] : reapers_) {
    if (reaping.job_id != job_id) continue;
    reaping.gone = std::move(gone);
    ::kill(reaper, SIGTERM);
    return true;
  }
  return false;
}

void TreeLauncher::end_all() {
  for (const auto& [reaper, reaping] : reapers_) ::kill(reaper, SIGTERM);
  Children::reap_all();
}

}  // namespace pyro::agent
