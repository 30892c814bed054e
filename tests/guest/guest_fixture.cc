#include "tests/guest/guest_fixture.h"

#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstdlib>

#include "common/base/error.h"
#include "common/process/pidfd.h"
#include "common/process/wait.h"
#include "common/stack/installation.h"
#include "tests/support/processes.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using pyro::testing::content_of;
using pyro::testing::processes_of;

constexpr std::chrono::seconds kPatience{60};

}  // namespace

GuestFixture::GuestFixture(std::map<std::string, std::string> variables)
    : variables_(std::move(variables)) {
  ::signal(SIGPIPE, SIG_IGN);
  const fs::path& top = directory_.path();
  variables_.merge(std::map<std::string, std::string>{
      {"HOME", top.string()},
      {"XDG_CONFIG_HOME", (top / "config").string()},
      {"PYRO_STATE_DIR", (top / "s").string()},
      {"PYRO_RUNTIME_DIR", (top / "r").string()},
      {"PYRO_CACHE_DIR", PYRO_TEST_CACHE},
      {"PYRO_ENVIRONMENT_CACHE_DIR", PYRO_TEST_CACHE "/environments"},
      {"PYRO_VM_ACCELERATOR", "tcg"},
      {"PYRO_VM_STANDBY_MACHINES", "0"},
  });
  for (const auto& [name, value] : variables_) ::setenv(name.c_str(), value.c_str(), 1);
  paths_ = find_paths();
  client_ = std::make_unique<StackClient>(paths_);
}

GuestFixture::~GuestFixture() {
  try {
    client_->down();
    // What the kernel is just ending with its parent is not left behind.
    all_gone("");
    for (const pid_t pid : processes()) {
      ADD_FAILURE() << "left behind: " << content_of(fmt::format("/proc/{}/comm", pid));
      ::kill(pid, SIGKILL);
    }
  } catch (const Error& error) {
    ADD_FAILURE() << error.message();
  }
  for (const auto& [name, value] : variables_) ::unsetenv(name.c_str());
}

std::vector<std::string> GuestFixture::pyro_words(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), find_helper("pyro").string());
  return arguments;
}

CommandResult GuestFixture::pyro(std::vector<std::string> arguments) {
  return run_command({.argv = pyro_words(std::move(arguments))},
                     Clock::now() + std::chrono::minutes(3), {});
}

CommandResult GuestFixture::run_script(const std::string& script) {
  return pyro({"run", kEnvironment, "--timeout-seconds", "120", "--", "sh", "-c", script});
}

api::Machine GuestFixture::started_machine() {
  const auto made = client_->call(api::CreateMachine{.environment = kEnvironment});
  return client_->call(api::StartMachine{.vm_id = made.vm_id},
                       {.deadline = Clock::now() + std::chrono::minutes(3)});
}

std::vector<pid_t> GuestFixture::processes(const std::string& name) const {
  return processes_of(paths_.state_dir, name);
}

bool GuestFixture::all_gone(const std::string& name) const {
  for (const pid_t pid : processes(name)) {
    const UniqueFd process = open_pidfd(pid);
    if (process && !wait_for(process.get(), POLLIN, Clock::now() + kPatience, StopFd({}))) {
      return false;
    }
  }
  return processes(name).empty();
}

pid_t GuestFixture::process_of(const std::string& name) const {
  const Deadline deadline = Clock::now() + kPatience;
  // A machine's link socket appears when its shim starts: until then nothing has to be looked at.
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  fs::create_directories(paths_.runtime_dir / "machines");
  ::inotify_add_watch(watch.get(), (paths_.runtime_dir / "machines").c_str(), IN_CREATE);
  while (true) {
    const auto found = processes(name);
    if (!found.empty()) return found.front();
    if (!wait_for(watch.get(), POLLIN, std::min(deadline, Clock::now() + std::chrono::seconds(1)),
                  StopFd({})) &&
        Clock::now() >= deadline) {
      return 0;
    }
    char buffer[4096];
    if (wait_for(watch.get(), POLLIN, Clock::now(), StopFd({}))) {
      [[maybe_unused]] const ssize_t n = ::read(watch.get(), buffer, sizeof buffer);
    }
  }
}

void GuestFixture::expect_no_machine_left() {
  EXPECT_TRUE(all_gone("qemu-system-x86_64"));
  EXPECT_TRUE(all_gone("pyro-vm-shim"));
  // A machine's files go right after its processes: a service that has ended is through with them.
  client_->down();
  EXPECT_TRUE(fs::is_empty(paths_.machines_dir()));
  EXPECT_TRUE(fs::is_empty(paths_.runtime_dir / "machines"));
}

}  // namespace pyro::test
