#include "guest/agent/cgroup_launcher.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/text.h"
#include "guest/agent/borrowing_child.h"

namespace pyro::agent {
namespace {

std::string read_at(int directory, const char* name) {
  const UniqueFd file(::openat(directory, name, O_RDONLY | O_CLOEXEC));
  return file ? read_to_end(file.get(), 1U << 20U) : "";
}

void write_at(int directory, const char* name, std::string_view text) {
  const UniqueFd file(::openat(directory, name, O_WRONLY | O_CLOEXEC));
  if (file) [[maybe_unused]]
    const ssize_t n = ::write(file.get(), text.data(), text.size());
}

/// 0 is none.
void limit_at(int directory, const char* name, std::uint64_t limit) {
  if (limit > 0) write_at(directory, name, std::to_string(limit));
}

/// Whether a line of a file such as memory.events counts any `event`.
bool counts(int group, const char* file, std::string_view event) {
  for (const auto& line : split(read_at(group, file), '\n')) {
    const std::string_view rest = line;
    if (rest.starts_with(event) && rest.substr(event.size()) != "0") return true;
  }
  return false;
}

/// With the cgroups that the job itself may have made in it.
bool remove_group(int parent, const char* name) {
  if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
  UniqueFd directory(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* entries = directory ? ::fdopendir(directory.get()) : nullptr;
  if (entries == nullptr) return false;
  const int fd = directory.release();
  while (const dirent* entry = ::readdir(entries)) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') remove_group(fd, entry->d_name);
  }
  ::closedir(entries);
  return ::unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

void make_group(int parent, const std::string& name) {
  if (::mkdirat(parent, name.c_str(), 0755) == 0) return;
  // An ended job may have had the same id.
  if (errno == EEXIST && remove_group(parent, name.c_str()) &&
      ::mkdirat(parent, name.c_str(), 0755) == 0) {
    return;
  }
  throw system_error(fmt::format("make cgroup '{}'", name));
}

bool is_populated(int group) {
  return read_at(group, "cgroup.events").find("populated 1") != std::string::npos;
}

struct ShellStart {
  ShellCommand& command;
  int null_fd;
  int out_fd;
  int error_fd;
  int report_fd;
};

[[noreturn]] void become_shell(void* argument) {
  const auto& shell = *static_cast<ShellStart*>(argument);
  shell.command.become(shell.null_fd, shell.out_fd, shell.error_fd, shell.report_fd);
}

}  // namespace

struct CgroupLauncher::Entry {
  std::string name;
  UniqueFd directory;
  ProcessEvents events;
  bool shell_gone = false;

  bool populated() const { return is_populated(directory.get()); }
  /// Nothing is known of it where the memory controller is not at hand.
  bool ran_out_of_memory() const { return counts(directory.get(), "memory.events", "oom_kill "); }
  bool reached_process_limit() const { return counts(directory.get(), "pids.events", "max "); }
};

class CgroupLauncher::Group : public JobProcesses {
 public:
  Group(pid_t pid, std::shared_ptr<Entry> entry, std::uint64_t process_limit)
      : pid_(pid), entry_(std::move(entry)), process_limit_(process_limit) {}
  ~Group() override { entry_->events = {}; }

  pid_t pid() const override { return pid_; }
  void signal(int number) override {
    for (const auto& line : split(read_at(entry_->directory.get(), "cgroup.procs"), '\n')) {
      pid_t pid = 0;
      std::from_chars(line.data(), line.data() + line.size(), pid);
      if (pid > 0) ::kill(pid, number);
    }
  }

  void kill() override { write_at(entry_->directory.get(), "cgroup.kill", "1"); }

  bool ran_out_of_memory() const override { return entry_->ran_out_of_memory(); }
  std::uint64_t reached_process_limit() const override {
    return entry_->reached_process_limit() ? process_limit_ : 0;
  }

 private:
  pid_t pid_;
  std::shared_ptr<Entry> entry_;
  std::uint64_t process_limit_;
};

CgroupLauncher::CgroupLauncher(Children& children, const std::filesystem::path& directory,
                               const JobLimits& limits)
    : children_(children), limits_(limits), null_(open_file("/dev/null", O_RDWR)) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    throw system_error(fmt::format("mkdir '{}'", directory.string()));
  }
  directory_ = open_file(directory, O_RDONLY | O_DIRECTORY);
  for (const char* control : {"../cgroup.subtree_control", "cgroup.subtree_control"}) {
    // Each job's group counts its out-of-memory kills then.
    write_at(directory_.get(), control, "+memory");
    if (limits_.processes_of_all == 0) continue;
    write_at(directory_.get(), control, "+pids");
    // However many processes a job has, jobs share the processor as jobs, and all of them together
    // with the agent, which thus has half of it when it wants that. With less for the jobs it would
    // interrupt them at every piece of their output: that halves the rate.
    write_at(directory_.get(), control, "+cpu");
  }
  limit_at(directory_.get(), "pids.max", limits_.processes_of_all);
  limit_at(directory_.get(), "memory.max", limits_.memory_bytes);
  children_.after_reaping([this] { sweep(); });
}

std::unique_ptr<JobProcesses> CgroupLauncher::launch(const std::string& job_id,
                                                     ShellCommand& command, int out_fd,
                                                     int error_fd, ProcessEvents events) {
  auto entry = std::make_shared<Entry>();
  entry->name = "job-" + job_id;
  make_group(directory_.get(), entry->name);
  Cleanup remove([&] { remove_group(directory_.get(), entry->name.c_str()); });
  entry->directory.reset(
      ::openat(directory_.get(), entry->name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  limit_at(entry->directory.get(), "pids.max", limits_.processes_of_one);
  std::array<int, 2> report{};
  if (!entry->directory || ::pipe2(report.data(), O_CLOEXEC) != 0) throw system_error("pipe2");
  const UniqueFd report_read(report[0]);
  struct stat group {};
  if (on_group_ && ::fstat(entry->directory.get(), &group) == 0) on_group_(group.st_ino, job_id);
  UniqueFd report_write(report[1]);
  ShellStart shell{.command = command,
                   .null_fd = null_.get(),
                   .out_fd = out_fd,
                   .error_fd = error_fd,
                   .report_fd = report_write.get()};
  pid_t pid = -1;
  {
    const SignalsBlocked blocked;
    pid = start_borrowing_child(entry->directory.get(), become_shell, &shell);
  }
  if (pid < 0 && (errno == EAGAIN || errno == ENOMEM)) {
    throw resource_exhausted(
        reason::kGuestOverloaded,
        "the machine is overloaded: no process can be started beside those of the commands that "
        "run or have left some running ({}): end one of them, or stop or reset the machine",
        std::strerror(errno));
  }
  if (pid < 0) throw system_error("clone3 into a cgroup");
  report_write.reset();
  // Before it is known whether it could start: the group of one that could not is kept busy by
  // its process until that is reaped, as any other's.
  remove.dismiss();
  entries_.push_back(entry);
  children_.watch(pid, [entry](int exit_code) {
    entry->shell_gone = true;
    if (const auto report_exit = entry->events.on_shell_exit) report_exit(exit_code);
  });
  command.wait_started(report_read.get());
  entry->events = std::move(events);
  return std::make_unique<Group>(pid, std::move(entry), limits_.processes_of_one);
}

bool CgroupLauncher::end_left(const std::string& job_id, std::function<void()> gone) {
  for (const auto& entry : entries_) {
    if (entry->name != "job-" + job_id || !entry->populated()) continue;
    entry->events.on_empty = std::move(gone);
    write_at(entry->directory.get(), "cgroup.kill", "1");
    return true;
  }
  return false;
}

/// The last process of a group ends as our child, since its parent has ended before, so it is seen
/// here.
void CgroupLauncher::sweep() {
  for (auto it = entries_.begin(); it != entries_.end();) {
    const std::shared_ptr<Entry> entry = *it;
    const bool done = entry->shell_gone && !entry->populated() &&
                      remove_group(directory_.get(), entry->name.c_str());
    it = done ? entries_.erase(it) : std::next(it);
    if (done && entry->events.on_empty) {
      const auto on_empty = entry->events.on_empty;
      on_empty();
    }
  }
}

void CgroupLauncher::end_all() {
  for (const auto& entry : entries_) write_at(entry->directory.get(), "cgroup.kill", "1");
  Children::reap_all();
}

bool CgroupLauncher::any_left() const { return is_populated(directory_.get()); }

}  // namespace pyro::agent
