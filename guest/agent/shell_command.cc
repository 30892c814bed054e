#include "guest/agent/shell_command.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"

namespace pyro::agent {
namespace {

rlimit original_limit{};
std::map<std::string, std::string> default_variables;

enum class Step : int { kDirectory, kDescriptors, kTerminal, kExecute };

struct Failure {
  Step step;
  int error_number;
};

[[noreturn]] void fail_in_child(int report_fd, Step step) {
  const Failure failure{.step = step, .error_number = errno};
  [[maybe_unused]] const ssize_t sent = ::write(report_fd, &failure, sizeof failure);
  ::_exit(127);
}

std::string find_shell() {
  for (const char* path : {"/bin/bash", "/usr/bin/bash", "/bin/sh", "/usr/bin/sh"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  throw failed_precondition(reason::kNoShell,
                            "the guest has no shell: neither bash nor sh is in /bin or /usr/bin");
}

bool is_bash(const std::string& shell) { return shell.ends_with("bash"); }

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> merged(const std::string& shell,
                                const std::map<std::string, std::string>& added) {
  std::map<std::string, std::string> all = {
      {"HOME", "/root"},
      {"USER", "root"},
      {"LOGNAME", "root"},
      {"LANG", "C.UTF-8"},
      {"SHELL", shell},
      {"TERM", "dumb"},
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
  };
  all.insert(default_variables.begin(), default_variables.end());
  std::vector<std::string> out;
  for (const auto& [name, value] : added) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      throw invalid_argument("'{}' is not a name for an environment variable", name);
    }
    all[name] = value;
  }
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

}  // namespace

ShellCommand::ShellCommand(std::string shell, std::vector<std::string> words, int terminal_fd,
                           const std::string& cwd,
                           const std::map<std::string, std::string>& environment)
    : shell_(std::move(shell)),
      terminal_fd_(terminal_fd),
      cwd_(cwd),
      words_(std::move(words)),
      environment_(merged(shell_, environment)),
      argv_(pointers(words_)),
      envp_(pointers(environment_)) {}

ShellCommand::ShellCommand(const std::string& command, const std::string& cwd,
                           const std::map<std::string, std::string>& environment)
    : ShellCommand(find_shell(), {is_bash(find_shell()) ? "bash" : "sh", "-lc", command}, -1, cwd,
                   environment) {}

ShellCommand ShellCommand::on_terminal(int terminal_fd, const std::string& cwd,
                                       const std::map<std::string, std::string>& environment) {
  const std::string shell = find_shell();
  std::map<std::string, std::string> all = {{"TERM", "xterm-256color"}, {"PS1", "pyro$ "}};
  // Else an interactive bash has a file for its history, and writes it when it ends.
  if (is_bash(shell)) all["PROMPT_COMMAND"] = "unset HISTFILE PROMPT_COMMAND";
  for (const auto& [name, value] : environment) all[name] = value;
  const auto words = is_bash(shell)
                         ? std::vector<std::string>{"bash", "--noprofile", "--norc", "-i"}
                         : std::vector<std::string>{"sh", "-i"};
  return ShellCommand(shell, words, terminal_fd, cwd, all);
}

void ShellCommand::set_default_variables(std::map<std::string, std::string> variables) {
  default_variables = std::move(variables);
}

void ShellCommand::become(int null_fd, int out_fd, int error_fd, int report_fd) {
  ::setsid();
  reset_signals();
  ::umask(022);
  if (original_limit.rlim_max != 0) ::setrlimit(RLIMIT_NOFILE, &original_limit);
  // The agent itself holds 0, 1 and 2 open, so that no source lies among the targets.
  const int in_fd = terminal_fd_ >= 0 ? terminal_fd_ : null_fd;
  if (::dup2(in_fd, 0) < 0 || ::dup2(out_fd, 1) < 0 || ::dup2(error_fd, 2) < 0) {
    fail_in_child(report_fd, Step::kDescriptors);
  }
  if (terminal_fd_ >= 0 && ::ioctl(0, TIOCSCTTY, 0) != 0) {
    fail_in_child(report_fd, Step::kTerminal);
  }
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  if (::chdir(cwd_.c_str()) != 0) fail_in_child(report_fd, Step::kDirectory);
  ::execve(shell_.c_str(), argv_.data(), envp_.data());
  fail_in_child(report_fd, Step::kExecute);
}

void ShellCommand::wait_started(int report_fd) const {
  Failure failure{};
  ssize_t got = 0;
  do {
    got = ::read(report_fd, &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return;
  const char* reason = std::strerror(failure.error_number);
  if (failure.step == Step::kDirectory) {
    throw invalid_argument("cannot enter the directory '{}': {}", cwd_, reason);
  }
  if (failure.error_number == E2BIG) {
    throw invalid_argument("command and environment are too long together: {}", reason);
  }
  if (failure.error_number == ENOMEM || failure.error_number == EAGAIN) {
    throw resource_exhausted(
        reason::kGuestOverloaded,
        "the machine is overloaded: '{}' cannot be started ({}): end a command "
        "that runs or has left something running, or stop or reset the machine",
        shell_, reason);
  }
  throw failed_precondition("cannot start '{}': {}", shell_, reason);
}

void raise_descriptor_limit() {
  ::getrlimit(RLIMIT_NOFILE, &original_limit);
  rlimit raised = original_limit;
  if (::geteuid() == 0) raised.rlim_max = std::max<rlim_t>(raised.rlim_max, 1U << 16U);
  raised.rlim_cur = raised.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
  raised = original_limit;
  raised.rlim_cur = raised.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &raised);
}

SignalsBlocked::SignalsBlocked() {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

SignalsBlocked::~SignalsBlocked() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace pyro::agent
