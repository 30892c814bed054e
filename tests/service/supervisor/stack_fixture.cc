#include "tests/service/supervisor/stack_fixture.h"

#include <signal.h>

#include <cstdlib>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/process/pidfd.h"
#include "common/process/signals.h"
#include "common/process/wait.h"
#include "common/stack/installation.h"
#include "tests/support/processes.h"

namespace pyro::test {
namespace {

using pyro::testing::processes_of;

constexpr std::chrono::seconds kPatience{20};

}  // namespace

StackFixture::StackFixture() {
  ::signal(SIGPIPE, SIG_IGN);
  const auto& top = directory_.path();
  ::setenv("HOME", top.c_str(), 1);
  ::setenv("XDG_CONFIG_HOME", (top / "config").c_str(), 1);
  ::setenv("PYRO_STATE_DIR", (top / "s").c_str(), 1);
  ::setenv("PYRO_CACHE_DIR", (top / "c").c_str(), 1);
  ::setenv("PYRO_ENVIRONMENT_CACHE_DIR", (top / "c/environments").c_str(), 1);
  ::setenv("PYRO_RUNTIME_DIR", (top / "r").c_str(), 1);
  ::setenv("PYRO_STACK_FILE", (top / "stack.toml").c_str(), 1);
  paths_ = find_paths();
  paths_.make_directories();
  client_ = std::make_unique<StackClient>(paths_);
}

StackFixture::~StackFixture() {
  // Until none is seen: a supervisor may have started one more just before it was killed.
  for (auto left = processes_of(paths_.state_dir); !left.empty();
       left = processes_of(paths_.state_dir)) {
    for (const pid_t pid : left) {
      const UniqueFd process = open_pidfd(pid);
      if (!process) continue;
      signal_pidfd(process.get(), SIGKILL);
      EXPECT_TRUE(wait_for(process.get(), POLLIN, Clock::now() + kPatience, StopFd({})));
    }
  }
}

void StackFixture::write_stack(const std::vector<std::pair<std::string, std::string>>& services,
                               const std::string& head) {
  std::string text = head + "\n";
  for (const auto& [name, options] : services) {
    const auto program = directory_.path() / name;
    if (!std::filesystem::exists(program)) {
      std::filesystem::create_symlink(find_helper("pyro-test-service"), program);
    }
    text += fmt::format("[[service]]\nname = '{}'\nprogram = '{}'\n{}\n", name, program.string(),
                        options);
  }
  write_file_atomically(directory_.path() / "stack.toml", text);
}

void StackFixture::tell(const std::string& file, const std::string& content) {
  write_file_atomically(paths_.state_dir / file, content);
}

api::Stack StackFixture::settled() {
  client_->ensure_running();
  return client_->call(api::StackStatus{.wait_ms = 20000, .measure = false});
}

api::Stack StackFixture::stack_when(const std::function<bool(const api::Stack&)>& done) {
  const auto deadline = Clock::now() + kPatience;
  while (true) {
    auto stack = client_->call(api::StackStatus{.wait_ms = 20000, .measure = false});
    if (done(stack)) return stack;
    if (Clock::now() > deadline) {
      ADD_FAILURE() << "the stack did not become as expected";
      return stack;
    }
  }
}

const api::ServiceStatus& StackFixture::service(const api::Stack& stack, const std::string& name) {
  for (const auto& status : stack.services) {
    if (status.name == name) return status;
  }
  throw not_found("no service '{}' in the stack", name);
}

std::vector<std::string> StackFixture::events() const {
  auto lines = split(read_tail(paths_.state_dir / "events", 65536), '\n');
  lines.pop_back();
  return lines;
}

void StackFixture::kill_and_wait(std::uint32_t pid) {
  const UniqueFd process = open_pidfd(static_cast<pid_t>(pid));
  ASSERT_TRUE(process);
  signal_pidfd(process.get(), SIGKILL);
  EXPECT_TRUE(wait_for(process.get(), POLLIN, Clock::now() + kPatience, StopFd({})));
}

bool StackFixture::ends(std::uint32_t pid, std::chrono::milliseconds limit) {
  const UniqueFd process = open_pidfd(static_cast<pid_t>(pid));
  return !process || wait_for(process.get(), POLLIN, Clock::now() + limit, StopFd({}));
}

}  // namespace pyro::test
