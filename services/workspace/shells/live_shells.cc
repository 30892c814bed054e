#include "services/workspace/shells/live_shells.h"

#include <algorithm>
#include <system_error>

#include "common/base/error.h"
#include "common/log/log.h"
#include "common/process/wait.h"
#include "services/workspace/agent_link.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;

/// A guest that answers a dial at all does so within this.
/// Between two questions to a guest that does not answer.
constexpr std::chrono::seconds kAskAgain{1};
/// A shell may run for as long; then its thread asks once more.
constexpr std::chrono::hours kLongWatch{24};

bool is_same(const ShellRecord& a, const ShellRecord& b) {
  return a.workspace_id == b.workspace_id && a.session == b.session && a.id() == b.id();
}

}  // namespace

LiveShells::LiveShells(Paths paths, Hooks hooks)
    : paths_(std::move(paths)), hooks_(std::move(hooks)) {}

LiveShells::~LiveShells() {
  std::list<std::unique_ptr<Watched>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(watched_);
  }
  for (auto& watched : left) watched->thread.request_stop();
}

link::AgentConnection LiveShells::dial(const std::string& vm_id, const Work& work) const {
  return dial_agent(paths_, vm_id, work);
}

wire::Shell LiveShells::write(const ShellRecord& shell, const std::string& vm_id,
                              const wire::WriteShell& request, const Work& work) {
  const auto line = line_of(shell);
  const std::lock_guard lock(line->mutex);
  if (line->agent) {
    try {
      return line->agent->call(request, work);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnavailable) throw;
    }
  }
  line->agent.reset();
  line->agent.emplace(dial(vm_id, work));
  return line->agent->call(request, work);
}

void LiveShells::watch(const ShellRecord& shell, const std::string& vm_id) {
  collect_finished();
  const std::lock_guard lock(mutex_);
  for (const auto& watched : watched_) {
    if (!watched->done && is_same(watched->shell, shell)) return;
  }
  auto added = std::make_unique<Watched>(shell, vm_id);
  Watched& one = *added;
  try {
    one.thread = std::jthread([this, &one](const std::stop_token& stop) { run(one, stop); });
  } catch (const std::system_error& error) {
    throw resource_exhausted("no thread can watch the shell: {}", error.what());
  }
  watched_.push_back(std::move(added));
}

void LiveShells::run(Watched& watched, const std::stop_token& stop) {
  const log::Context context(watched.shell.workspace_id, "shell");
  Then then = Then::kWatchOn;
  while (then == Then::kWatchOn && !stop.stop_requested()) {
    try {
      const Work work{.deadline = Clock::now() + kLongWatch, .stop = stop};
      const auto shell =
          dial(watched.vm_id, work).call(wire::AwaitShell{.shell_id = watched.shell.id()}, work);
      if (shell.state == wire::ShellState::kStopped) {
        hooks_.stopped(watched.shell, shell);
        then = Then::kLetGo;
        continue;
      }
    } catch (const std::exception& error) {
      if (stop.stop_requested()) break;
      log::info("shell {}: {}", watched.shell.id(), error.what());
    }
    try {
      then = hooks_.lost(watched.shell, stop);
    } catch (const std::exception& error) {
      log::warn("shell {}: {}", watched.shell.id(), error.what());
    }
    if (then == Then::kWatchOn) sleep_unless_stopped(kAskAgain, stop);
  }
  {
    const std::lock_guard lock(mutex_);
    watched.done = true;
  }
  if (!stop.stop_requested()) hooks_.done();
}

std::shared_ptr<LiveShells::Line> LiveShells::line_of(const ShellRecord& shell) const {
  const std::lock_guard lock(mutex_);
  for (const auto& watched : watched_) {
    if (is_same(watched->shell, shell)) return watched->line;
  }
  return std::make_shared<Line>();
}

void LiveShells::collect_finished() {
  std::list<std::unique_ptr<Watched>> finished;
  const std::lock_guard lock(mutex_);
  for (auto it = watched_.begin(); it != watched_.end();) {
    const auto next = std::next(it);
    // It has let go of the lock: its thread is about to end.
    if ((*it)->done) finished.splice(finished.end(), watched_, it);
    it = next;
  }
}

bool LiveShells::any(const std::string& workspace_id) const { return count(workspace_id) > 0; }

std::uint32_t LiveShells::count(const std::string& workspace_id) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(
      std::count_if(watched_.begin(), watched_.end(), [&](const auto& watched) {
        return watched->shell.workspace_id == workspace_id && !watched->done;
      }));
}

void LiveShells::let_go(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  for (const auto& watched : watched_) {
    if (watched->shell.workspace_id != workspace_id) continue;
    watched->thread.request_stop();
    watched->done = true;
  }
}

}  // namespace pyro::workspace
