#pragma once

#include <sys/socket.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "guest/agent/files/files_connection.h"
#include "guest/agent/files/host_volume.h"
#include "services/files/guest_tree.h"
#include "tests/support/temporary.h"
#include "tests/unit/files/host_tree.h"

namespace pyro::testing {

/// The agent's own files port over a directory, on threads of the test.
class RealGuest {
 public:
  RealGuest() { workspace_.mount(); }
  RealGuest(const RealGuest&) = delete;
  RealGuest& operator=(const RealGuest&) = delete;

  /// What the guest sees at /workspace.
  std::filesystem::path tree() const { return directory_ / "volume" / "tree"; }

  /// A connection, served until it is closed.
  files::GuestTree connect(std::chrono::milliseconds time = std::chrono::seconds(30)) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw system_error("socketpair");
    }
    threads_.emplace_back([this, fd = ends[1]] {
      const UniqueFd end(fd);
      agent::files::FilesConnection(fd, workspace_).serve();
    });
    return {link::AgentConnection(UniqueFd(ends[0])), work_for(time)};
  }

  /// Whether a volume that was thawed is said to have been frozen until then.
  void lose_freezes() { volume_.holds = false; }

 private:
  /// A directory cannot be frozen: this one says that it was.
  class FrozenDirectory : public agent::files::HostVolume {
   public:
    using HostVolume::HostVolume;
    void freeze(int) override {}
    bool thaw(int) noexcept override { return holds; }
    std::atomic<bool> holds = true;
  };

  TestDirectory directory_;
  FrozenDirectory volume_{directory_ / "volume"};
  agent::files::Workspace workspace_{volume_};
  std::vector<std::jthread> threads_;
};

}  // namespace pyro::testing
