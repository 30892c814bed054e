#include "common/confinement/confinement.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"

namespace pyro {
namespace {

constexpr std::string_view kHostName = "machine";

/// The program may have made a link in the place of one of its files, when it was confined less.
const ConfinementPlan& with_files(const ConfinementPlan& plan) {
  for (const auto& path : plan.writable) open_file(path, O_WRONLY | O_CREAT | O_NOFOLLOW);
  return plan;
}

bool write_whole(const char* path, std::string_view text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return written;
}

/// Also out of the set of those that an execve could give back to root.
bool drop_capabilities() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    // An ordinary user may not, and has none.
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) return false;
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct none[2]{};
  return ::syscall(SYS_capset, &header, none) == 0;
}

}  // namespace

SecretName::SecretName(const std::string& program) {
  if (program.size() >= kBytes / 2) throw invalid_argument("'{}' is too long a path", program);
  // The lower half of a process's 47 bits, and not the first part, where programs may lie.
  constexpr std::uint64_t kPages = std::uint64_t{1} << 34U;
  constexpr std::uint64_t kFirst = std::uint64_t{1} << 30U;
  void* page = MAP_FAILED;
  std::uint64_t random = 0;
  // A place that is taken: another one.
  for (int attempt = 0; attempt < 10 && page == MAP_FAILED; ++attempt) {
    std::memcpy(&random, random_bytes(sizeof random).data(), sizeof random);
    const std::uint64_t place = (kFirst + random % (kPages - kFirst)) * 4096;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a place of no object
    page = ::mmap(reinterpret_cast<void*>(place), kBytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  }
  if (page == MAP_FAILED) throw system_error("mmap");
  page_ = page;
  name_ = static_cast<char*>(page) + (random >> 48U) % (kBytes / 2);
  std::memcpy(name_, program.c_str(), program.size() + 1);
}

Confinement::Confinement(const ConfinementPlan& plan, const std::string& program)
    : form_(with_files(plan).form),
      program_(program),
      filter_(program_.get()),
      user_map_(fmt::format("{0} {0} 1\n", ::geteuid())),
      group_map_(fmt::format("{0} {0} 1\n", ::getegid())) {
  if (has_landlock(form_)) landlock_.emplace(plan);
  if (has_namespaces(form_)) view_.emplace(plan);
}

ChildProcess start_confined(Command command, const ConfinementPlan& plan) {
  if (plan.form == ConfinementForm::kOff) return ChildProcess(command);
  Confinement confinement(plan, command.argv.at(0));
  confinement.apply_to(command);
  return ChildProcess(command);
}

void Confinement::apply_to(Command& command) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair = *entry;
    command.environment.emplace(pair.substr(0, pair.find('=')), std::nullopt);
  }
  if (view_) {
    command.namespaces =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  }
  command.execute = [this](const Execution& execution) { return enter(execution); };
}

const char* Confinement::enter_namespaces() {
  // It keeps its own ids, and gets no others. The kernel lets it have a group only without
  // setgroups(2), by which it could leave one.
  if (!write_whole("/proc/self/setgroups", "deny") ||
      !write_whole("/proc/self/uid_map", user_map_) ||
      !write_whole("/proc/self/gid_map", group_map_)) {
    return "map the user";
  }
  if (const char* failed = view_->enter()) return failed;
  return ::sethostname(kHostName.data(), kHostName.size()) == 0 ? nullptr : "sethostname";
}

const char* Confinement::enter(const Execution& execution) {
  if (view_) {
    if (const char* failed = enter_namespaces()) return failed;
  }
  if (!drop_capabilities()) return "drop capabilities";
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "no_new_privs";
  if (landlock_ && !landlock_->apply()) return "landlock";
  if (!filter_.apply()) return "seccomp";
  ::execve(program_.get(), execution.argv, execution.envp);
  return "execve";
}

}  // namespace pyro
