#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "common/api/agent_shells.h"
#include "common/config/paths.h"
#include "common/link/agent_client.h"
#include "services/workspace/shells/shell_store.h"

namespace pyro::workspace {

/// The shells whose programs run: each has a thread here that hears of its end, and a connection to
/// its guest for what is typed. The next process finds them again by their ids. Thread-safe.
class LiveShells {
 public:
  enum class Then { kWatchOn, kLetGo };
  struct Hooks {
    /// Its program has ended.
    std::function<void(const ShellRecord&, const api::agent::Shell&)> stopped;
    /// The guest does not know it, or does not answer; asked again while kWatchOn.
    std::function<Then(const ShellRecord&, const std::stop_token&)> lost;
    /// It is of no more concern: any() no longer counts it.
    std::function<void()> done;
  };
  LiveShells(Paths paths, Hooks hooks);
  LiveShells(const LiveShells&) = delete;
  LiveShells& operator=(const LiveShells&) = delete;
  /// Lets go of them; they run on in their guests.
  ~LiveShells();

  /// Watches it from now on; nothing for one that is watched.
  void watch(const ShellRecord& shell, const std::string& vm_id);
  bool any(const std::string& workspace_id) const;
  std::uint32_t count(const std::string& workspace_id) const;

  /// Types over the connection of the shell, so that writes keep their order. One whose connection
  /// broke is repeated, and typed once by its id.
  api::agent::Shell write(const ShellRecord& shell, const std::string& vm_id,
                          const api::agent::WriteShell& request, const Work& work);
  link::AgentConnection dial(const std::string& vm_id, const Work& work) const;

  /// No more of a workspace whose guest goes.
  void let_go(const std::string& workspace_id);

 private:
  struct Line {
    std::mutex mutex;
    std::optional<link::AgentConnection> agent;
  };
  struct Watched {
    Watched(ShellRecord record, std::string vm) : shell(std::move(record)), vm_id(std::move(vm)) {}
    ShellRecord shell;
    std::string vm_id;
    std::shared_ptr<Line> line = std::make_shared<Line>();
    bool done = false;
    std::jthread thread;
  };

  void run(Watched& watched, const std::stop_token& stop);
  void collect_finished();
  std::shared_ptr<Line> line_of(const ShellRecord& shell) const;

  Paths paths_;
  Hooks hooks_;
  mutable std::mutex mutex_;
  std::list<std::unique_ptr<Watched>> watched_;
};

}  // namespace pyro::workspace
