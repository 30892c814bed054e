#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "common/process/wait.h"

namespace pyro {

/// The fate of a child when its starting thread ends.
enum class Parentage {
  kDieWithParent,  ///< the kernel kills it (PR_SET_PDEATHSIG, without a window at the start)
  kDetached,       ///< lives on, in its own session
};

/// Limits of a child and each process that it starts (setrlimit(2)), never above our own. A write
/// past `file_size_bytes` kills it; past `address_space_bytes` it gets no memory.
struct Limits {
  std::optional<std::uint64_t> address_space_bytes{};
  std::optional<std::uint64_t> file_size_bytes{};
};

/// A program that a child is about to become, laid out for execve(2).
struct Execution {
  const char* program;
  char* const* argv;
  char* const* envp;
};

/// A program to start: its arguments, changes to its environment, and its descriptors.
struct Command {
  std::vector<std::string> argv;  ///< argv[0] is looked up on PATH when it holds no slash
  std::map<std::string, std::optional<std::string>> environment{};  ///< nullopt removes
  std::filesystem::path directory{};                                ///< empty: the caller's
  /// {number in the child, below 64; descriptor here}; 0, 1 and 2 are /dev/null unless named.
  std::vector<std::pair<int, int>> descriptors{};
  Parentage parentage = Parentage::kDieWithParent;
  Limits limits{};
  std::vector<int> blocked_signals{};  ///< until it unblocks them; all others are not blocked
  /// CLONE_NEW…: the kinds of namespaces in which the child begins; it is the first process of a
  /// new pid namespace.
  std::uint64_t namespaces = 0;
  /// The child's last step, in the place of execve(2); only async-signal-safe calls are allowed
  /// there. Returns only on failure: the step that failed, and errno.
  std::function<const char*(const Execution&)> execute{};
};

/// How a child ended: exit status, or 128 + signal as a shell reports it.
struct ExitStatus {
  int code = 0;
  bool signalled = false;
  bool ok() const { return code == 0; }
  /// Killed for a write past the file size limit.
  bool wrote_too_much() const;
};

/// One started child, watched by pidfd. The destructor kills and reaps it unless released.
class ChildProcess {
 public:
  /// Starts `command`; throws the Error of the step that failed in the child (chdir, execve).
  explicit ChildProcess(const Command& command);
  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  /// Readable once the child ended.
  int pidfd() const { return pidfd_.get(); }

  void signal(int number) const;
  /// Waits and reaps it. nullopt: the deadline passed first. Throws kCancelled on a stop.
  std::optional<ExitStatus> wait(Deadline deadline, const StopFd& stop);
  /// Sends SIGKILL and reaps it.
  void kill();
  /// Lets it live on; init reaps it if it outlives this process.
  void release();

 private:
  ExitStatus reap();
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

/// The output of a finished command: the last `kOutputLimit` bytes of each stream.
struct CommandResult {
  static constexpr std::size_t kOutputLimit = 256U << 10U;
  ExitStatus status;
  std::string output;
  std::string error_output;
};

/// The end of its standard error, printable: for an Error.
std::string last_words(const CommandResult& result);

/// resource_exhausted: `name` failed because the disk or memory is full, or at its file size limit.
void check_resources(std::string_view name, const CommandResult& result);

/// Runs until the child ends, the deadline passes (kDeadlineExceeded) or a stop comes (kCancelled);
/// then kills every process of its session. `on_line` gets each line of its standard error.
CommandResult run_command(Command command, Deadline deadline, const std::stop_token& stop,
                          const std::function<void(std::string_view)>& on_line = {});

/// The same; a status other than 0 is an Error that ends with the command's last output.
std::string run_checked(Command command, Deadline deadline, const std::stop_token& stop,
                        const std::function<void(std::string_view)>& on_line = {});

/// The program's path on PATH (sbin directories included), or nullopt.
std::optional<std::filesystem::path> find_program(const std::string& name);

}  // namespace pyro
