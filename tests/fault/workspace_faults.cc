#include "tests/fault/workspace_faults.h"

#include <signal.h>

#include <cstdlib>
#include <future>
#include <thread>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "tests/support/errors.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using api::WorkspaceState;
using pyro::testing::error_of;

/// Whoever comes to the point itself.
constexpr const char* kSelf = "itself";
/// A supervisor gives a service up that ends too often: it gets a successor before that.
constexpr int kStrikesPerStack = 5;

}  // namespace

void WorkspaceFaults::walk(const Operation& operation) {
  operation.prepare();
  points_.begin_trace();
  operation.act();
  auto steps = points_.end_trace();
  // In a thread of its own, which may come to it only after the operation has ended.
  std::erase(steps, "registry.synced");
  operation.check();
  ASSERT_GE(steps.size(), operation.least_steps) << ::testing::PrintToString(steps);
  std::size_t other = 0;
  for (std::size_t step = 0; step < steps.size(); ++step) {
    strike(operation, steps[step], kSelf);
    if (std::getenv("PYRO_FAULTS_ALL") != nullptr) {
      for (const auto& victim : others_) strike(operation, steps[step], victim);
    } else if ((step + 1) * others_.size() / steps.size() > other) {
      strike(operation, steps[step], others_[other++]);
    }
  }
}

void WorkspaceFaults::revive(const std::string& id) {
  const Deadline deadline = Clock::now() + std::chrono::minutes(1);
  while (true) {
    const auto failed = error_of([&] {
      if (status(id).state != WorkspaceState::kStarted) {
        call(api::StartWorkspace{.workspace_id = id});
      }
      EXPECT_EQ(run(id, "touch alive && sync").exit_code, 0);
    });
    if (!failed) return;
    ASSERT_LT(Clock::now(), deadline) << failed->message();
  }
}

void WorkspaceFaults::expect_no_garbage(std::size_t workspaces) {
  EXPECT_TRUE(wait_for_machines(workspaces));
  const Deadline deadline = Clock::now() + std::chrono::seconds(30);
  while (directories() != workspaces && Clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(directories(), workspaces);
}

fs::path WorkspaceFaults::faults_directory() {
  static const TemporaryDirectory directory("/tmp", "pyro-faults");
  return directory.path();
}

void WorkspaceFaults::strike(const Operation& operation, const std::string& step,
                             const std::string& victim) {
  SCOPED_TRACE(step + ", killing " + victim);
  if (++strikes_ % kStrikesPerStack == 0) client_->down();
  operation.prepare();
  if (victim == kSelf) {
    points_.kill_at(step);
  } else {
    points_.hold_at(step);
  }
  auto acting = std::async(std::launch::async, [&] { return error_of(operation.act); });
  if (victim != kSelf) {
    const auto ended = [&acting] {
      return acting.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready;
    };
    EXPECT_TRUE(points_.wait_until_held(ended)) << "the step was not reached";
    for (const pid_t pid : processes(victim)) ::kill(pid, SIGKILL);
    points_.release();
  }
  ASSERT_EQ(acting.wait_for(std::chrono::minutes(2)), std::future_status::ready) << "it hangs";
  acting.get();
  points_.release();
  operation.check();
}

std::size_t WorkspaceFaults::directories() const {
  const fs::directory_iterator all(paths_.workspaces_dir());
  return static_cast<std::size_t>(std::distance(fs::begin(all), fs::end(all)));
}

}  // namespace pyro::test
