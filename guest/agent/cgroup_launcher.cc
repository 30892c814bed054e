#include "guest/agent/cgroup_launcher.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "common/base/files.h"
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
  bool ran_out_of_memory() const {
    for (const auto& line : split(read_at(directory.get(), "memory.events"), '\n')) {
      if (line.starts_with("oom_kill ") && line != "oom_kill 0") return true;
    }
    return false;
  }
};

class CgroupLauncher::Group : public JobProcesses {
 public:
  explicit Group(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  ~Group() override { entry_->events = {}; }

  void signal(int number) override {
    for (const auto& line : split(read_at(entry_->directory.get(), "cgroup.procs"), '\n')) {
      pid_t pid = 0;
      std::from_chars(line.data(), line.data() + line.size(), pid);
      if (pid > 0) ::kill(pid, number);
    }
  }

  void kill() override { write_at(entry_->directory.get(), "cgroup.kill", "1"); }

  bool ran_out_of_memory() const override { return entry_->ran_out_of_memory(); }

 private:
  std::shared_ptr<Entry> entry_;
};

CgroupLauncher::CgroupLauncher(Children& children, const std::filesystem::path& directory)
    : children_(children), null_(open_file("/dev/null", O_RDWR)) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    throw system_error(fmt::format("mkdir '{}'", directory.string()));
  }
  directory_ = open_file(directory, O_RDONLY | O_DIRECTORY);
  // Each job's group counts its out-of-memory kills then.
  for (const char* control : {"../cgroup.subtree_control", "cgroup.subtree_control"}) {
    write_at(directory_.get(), control, "+memory");
  }
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
  std::array<int, 2> report{};
  if (!entry->directory || ::pipe2(report.data(), O_CLOEXEC) != 0) throw system_error("pipe2");
  const UniqueFd report_read(report[0]);
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
  return std::make_unique<Group>(std::move(entry));
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
