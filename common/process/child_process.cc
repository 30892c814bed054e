#include "common/process/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

/// Which step failed in the child, and its errno: sent to the parent through a close-on-exec pipe.
struct StartFailure {
  char step[256];
  int error_number;
};

[[noreturn]] void fail_in_child(int report_fd, const char* step) {
  StartFailure failure{};
  std::strncpy(failure.step, step, sizeof failure.step - 1);
  failure.error_number = errno;
  [[maybe_unused]] const ssize_t sent = ::write(report_fd, &failure, sizeof failure);
  ::_exit(127);
}

std::vector<std::string> merged_environment(const Command& command) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair = *entry;
    const std::string name(pair.substr(0, pair.find('=')));
    if (!command.environment.contains(name)) merged.emplace_back(pair);
  }
  for (const auto& [name, value] : command.environment) {
    if (value) merged.push_back(name + "=" + *value);
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// Everything the child needs, laid out before fork: after it only async-signal-safe calls are
/// allowed, since another thread may have held the allocator's lock.
struct ChildPlan {
  std::string program;
  std::string directory;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<std::pair<int, int>> descriptors;
  Parentage parentage;
  Limits limits;
  sigset_t blocked{};
  std::uint64_t namespaces;
  const std::function<const char*(const Execution&)>& execute;
  pid_t parent = ::getpid();
  int null_fd = -1;
  int report_fd = -1;
  int report_reader = -1;
};

/// Whether the parent died before this child asked to die with it. In a pid namespace of its own
/// the child does not see its parent: there it is the other end of their pipe that tells.
bool parent_is_gone(const ChildPlan& plan) {
  if ((plan.namespaces & CLONE_NEWPID) == 0) return ::getppid() != plan.parent;
  ::close(plan.report_reader);
  pollfd reader{plan.report_fd, 0, 0};
  return ::poll(&reader, 1, 0) > 0;
}

pid_t fork_into(std::uint64_t namespaces) {
  if (namespaces == 0) return ::fork();
  return static_cast<pid_t>(
      ::syscall(SYS_clone, namespaces | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

/// Puts each descriptor at its number. First all sources move above every target number, so that
/// no target overwrites a source that is still to come.
void place_descriptors(ChildPlan& plan) {
  constexpr int kAbove = 64;
  // Also descriptors that we inherited without knowing it: the reader of a pipe would wait in vain
  // for its end while a long-lived child holds the other one.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  plan.report_fd = ::fcntl(plan.report_fd, F_DUPFD_CLOEXEC, kAbove);
  for (auto& [target, source] : plan.descriptors) {
    source = ::fcntl(source < 0 ? plan.null_fd : source, F_DUPFD_CLOEXEC, kAbove);
    if (source < 0) fail_in_child(plan.report_fd, "dup");
  }
  for (const auto& [target, source] : plan.descriptors) {
    if (::dup2(source, target) < 0) fail_in_child(plan.report_fd, "dup2");
  }
}

void limit(const ChildPlan& plan, __rlimit_resource resource,
           const std::optional<std::uint64_t>& most) {
  if (!most) return;
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) fail_in_child(plan.report_fd, "getrlimit");
  const rlim_t bytes = std::min<rlim_t>(*most, now.rlim_max);
  now = {.rlim_cur = bytes, .rlim_max = bytes};
  if (::setrlimit(resource, &now) != 0) fail_in_child(plan.report_fd, "setrlimit");
}

[[noreturn]] void become(ChildPlan& plan) {
  if (plan.parentage == Parentage::kDieWithParent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (parent_is_gone(plan)) ::_exit(127);  // it died before the line above took effect
  }
  ::setsid();
  ::sigprocmask(SIG_SETMASK, &plan.blocked, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  place_descriptors(plan);
  if (!plan.directory.empty() && ::chdir(plan.directory.c_str()) != 0) {
    fail_in_child(plan.report_fd, "chdir");
  }
  limit(plan, RLIMIT_AS, plan.limits.address_space_bytes);
  limit(plan, RLIMIT_FSIZE, plan.limits.file_size_bytes);
  if (plan.execute) {
    const char* step = plan.execute({plan.program.c_str(), plan.argv.data(), plan.envp.data()});
    fail_in_child(plan.report_fd, step);
  }
  ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  fail_in_child(plan.report_fd, "execve");
}

/// One output stream of a running command.
struct Stream {
  UniqueFd fd;
  std::string* collected;
  const std::function<void(std::string_view)>* on_line;
  std::string line{};

  void finish() {
    if (collected->size() > CommandResult::kOutputLimit) {
      collected->erase(0, collected->size() - CommandResult::kOutputLimit);
    }
    if (on_line != nullptr && *on_line && !line.empty()) (*on_line)(line);
  }

  void take(std::string_view data) {
    collected->append(data);
    // Seldom, not with each piece: the rest moves.
    if (collected->size() > 2 * CommandResult::kOutputLimit) {
      collected->erase(0, collected->size() - CommandResult::kOutputLimit);
    }
    if (on_line == nullptr || !*on_line) return;
    for (const char c : data) {
      if (c == '\n' || c == '\r') {
        if (!line.empty()) (*on_line)(line);
        line.clear();
      } else if (line.size() < 4096) {
        line += c;
      }
    }
  }

  /// False when nothing is there: at its end for good.
  bool read_once() {
    char buffer[65536];
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n == 0) fd.reset();
    if (n <= 0) return n < 0 && errno == EINTR;
    take({buffer, static_cast<std::size_t>(n)});
    return true;
  }
};

std::pair<UniqueFd, UniqueFd> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace

std::optional<fs::path> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), X_OK) != 0) return std::nullopt;
    return fs::absolute(name);  // also from the directory that the child starts in
  }
  const char* path = std::getenv("PATH");
  // mke2fs and its kin live in sbin, which a user's PATH often lacks.
  const std::string all =
      std::string(path == nullptr ? "/usr/bin:/bin" : path) + ":/usr/local/sbin:/usr/sbin:/sbin";
  for (const auto& directory : split(all, ':')) {
    if (directory.empty()) continue;
    fs::path candidate = fs::path(directory) / name;
    if (::access(candidate.c_str(), X_OK) == 0 && !fs::is_directory(candidate)) return candidate;
  }
  return std::nullopt;
}

ChildProcess::ChildProcess(const Command& command) {
  const auto program = find_program(command.argv.at(0));
  if (!program) {
    throw not_found(reason::kNotInstalled, "program '{}' is not installed", command.argv[0]);
  }
  ChildPlan plan{.program = program->string(),
                 .directory = command.directory.string(),
                 .arguments = command.argv,
                 .environment = merged_environment(command),
                 .argv = {},
                 .envp = {},
                 .descriptors = command.descriptors,
                 .parentage = command.parentage,
                 .limits = command.limits,
                 .namespaces = command.namespaces,
                 .execute = command.execute};
  ::sigemptyset(&plan.blocked);
  for (const int number : command.blocked_signals) ::sigaddset(&plan.blocked, number);
  plan.argv = pointers(plan.arguments);
  plan.envp = pointers(plan.environment);
  const UniqueFd null_fd = open_file("/dev/null", O_RDWR);
  plan.null_fd = null_fd.get();
  for (const int standard : {0, 1, 2}) {
    const bool named = std::any_of(plan.descriptors.begin(), plan.descriptors.end(),
                                   [standard](const auto& pair) { return pair.first == standard; });
    if (!named) plan.descriptors.emplace_back(standard, null_fd.get());
  }
  auto [report, report_write] = make_pipe();
  plan.report_fd = report_write.get();
  plan.report_reader = report.get();

  pid_ = fork_into(plan.namespaces);
  if (pid_ < 0) throw system_error(plan.namespaces == 0 ? "fork" : "clone into new namespaces");
  if (pid_ == 0) become(plan);
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  const int no_pidfd = errno;
  report_write.reset();
  StartFailure failure{};
  ssize_t got = 0;
  do {
    got = ::read(report.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got == 0 && pidfd_) return;
  kill();
  if (got <= 0) throw system_error(fmt::format("start '{}': pidfd_open", plan.program), no_pidfd);
  failure.step[sizeof failure.step - 1] = '\0';
  const std::string step = failure.step;
  throw system_error(step == "chdir"
                         ? fmt::format("start '{}' in directory '{}'", plan.program, plan.directory)
                         : fmt::format("start '{}': {}", plan.program, step),
                     failure.error_number);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    if (pid_ > 0) kill();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) kill();
}

void ChildProcess::signal(int number) const {
  if (pid_ > 0) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

ExitStatus ChildProcess::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) return {.code = 128 + WTERMSIG(status), .signalled = true};
  return {.code = WEXITSTATUS(status), .signalled = false};
}

std::optional<ExitStatus> ChildProcess::wait(Deadline deadline, const StopFd& stop) {
  if (!wait_for(pidfd_.get(), POLLIN, deadline, stop)) return std::nullopt;
  return reap();
}

void ChildProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  reap();
}

void ChildProcess::release() { pid_ = -1; }

bool ExitStatus::wrote_too_much() const { return signalled && code == 128 + SIGXFSZ; }

std::string last_words(const CommandResult& result) {
  constexpr std::size_t kLastWords = 600;
  std::string_view said = trim(result.error_output);
  if (said.size() > kLastWords) said.remove_prefix(said.size() - kLastWords);
  return printable(said);
}

void check_resources(std::string_view name, const CommandResult& result) {
  if (result.status.ok()) return;
  const std::string said = last_words(result);
  if (said.find("No space left on device") != std::string::npos) {
    throw resource_exhausted(reason::kDiskFull, "'{}' found the disk full: {}", name, said);
  }
  if (said.find("Out of memory") != std::string::npos ||
      said.find("Cannot allocate memory") != std::string::npos) {
    throw resource_exhausted("'{}' needs more memory than it may take: {}", name, said);
  }
  if (result.status.wrote_too_much()) {
    throw resource_exhausted("'{}' would have written a larger file than it may", name);
  }
}

CommandResult run_command(Command command, Deadline deadline, const std::stop_token& stop,
                          const std::function<void(std::string_view)>& on_line) {
  CommandResult result;
  auto [out_read, out_write] = make_pipe();
  auto [error_read, error_write] = make_pipe();
  // Output that the command sends elsewhere by itself leaves this pipe at its end at once.
  command.descriptors.emplace(command.descriptors.begin(), 1, out_write.get());
  command.descriptors.emplace_back(2, error_write.get());
  ChildProcess child(command);
  out_write.reset();
  error_write.reset();
  // The whole session goes while its leader is not reaped and its number not reused, so that no
  // grandchild lives on.
  const auto kill_session = [pid = child.pid()] { ::kill(-pid, SIGKILL); };
  Cleanup on_failure(kill_session);

  std::array<Stream, 2> streams{{{std::move(out_read), &result.output, nullptr},
                                 {std::move(error_read), &result.error_output, &on_line}}};
  for (const auto& stream : streams) ::fcntl(stream.fd.get(), F_SETFL, O_NONBLOCK);
  const StopFd stop_fd(stop);
  while (true) {
    // A descriptor of -1 is one that poll(2) leaves out.
    std::vector<pollfd> watched{{child.pidfd(), POLLIN, 0},
                                {streams[0].fd.get(), POLLIN, 0},
                                {streams[1].fd.get(), POLLIN, 0}};
    // A command that never stops printing is ready at each look, also past its deadline.
    if (!wait_for(watched, deadline, stop_fd) || Clock::now() >= deadline) {
      throw deadline_exceeded("'{}' did not finish in time", command.argv[0]);
    }
    if (watched[1].revents != 0) streams[0].read_once();
    if (watched[2].revents != 0) streams[1].read_once();
    if (watched[0].revents != 0) break;
  }
  on_failure.dismiss();
  kill_session();
  for (auto& stream : streams) {
    while (stream.read_once() && Clock::now() < deadline) {
    }
    stream.finish();
  }
  result.status = child.wait(Deadline::max(), StopFd({})).value_or(ExitStatus{.code = 127});
  return result;
}

std::string run_checked(Command command, Deadline deadline, const std::stop_token& stop,
                        const std::function<void(std::string_view)>& on_line) {
  const std::string name = command.argv.at(0);
  CommandResult result = run_command(std::move(command), deadline, stop, on_line);
  if (result.status.ok()) return std::move(result.output);
  check_resources(name, result);
  throw internal_error("'{}' ended with status {}: {}", name, result.status.code,
                       last_words(result));
}

}  // namespace pyro
