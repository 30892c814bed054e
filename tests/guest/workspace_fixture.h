#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/api/workspace_commands.h"
#include "common/api/workspace_diff.h"
#include "tests/guest/warm_fixture.h"

namespace pyro::test {

/// A stack, and workspaces in it that are deleted at the end.
class WorkspaceFixture : public WarmFixture {
 protected:
  explicit WorkspaceFixture(Variables variables = {}) : WarmFixture(std::move(variables)) {}

  /// With /workspace from a directory of the host, or empty.
  api::Workspace create(const std::optional<std::filesystem::path>& seed = {});
  /// `bash -lc` in /workspace.
  api::WorkspaceExecResult run(const std::string& id, const std::string& command,
                               std::uint32_t timeout_seconds = 60);
  /// What it prints; the command must succeed.
  std::string output_of(const std::string& id, const std::string& command);

  std::string read(const std::string& id, const std::string& path);
  void write(const std::string& id, const std::string& path, const std::string& text);
  api::Diff diff(const std::string& id);
  api::Workspace reset(const std::string& id, const std::string& snapshot = "baseline");
  void snapshot(const std::string& id, const std::string& name);
  api::Workspace status(const std::string& id);
  /// Its status once its guest is known to be gone, or after a minute.
  api::Workspace wait_for_stopped(const std::string& id);

  /// A directory of the host with a few files: text, binary, a link, an empty directory.
  std::filesystem::path small_seed();
  /// Puts a file of the host in place, with the directories above it.
  static void put(const std::filesystem::path& file, const std::string& content);

  /// Machines of workspaces that are there, whoever knows of them.
  std::size_t machine_count();
  /// Waits until there are so many; false after a minute.
  bool wait_for_machines(std::size_t count);
};

}  // namespace pyro::test
