#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/base/files.h"
#include "tests/bench/bench_stack.h"

namespace pyro::bench {

/// A directory of the host with files of one size, 100 in each directory below it.
class Tree {
 public:
  Tree(int files, std::size_t bytes);
  const std::filesystem::path& path() const { return directory_.path(); }

  /// Makes it a repository with all of it in one commit and one pack.
  void commit() const;

 private:
  TemporaryDirectory directory_{"/tmp", "pyro-bench-tree"};
};

/// The workspaces of a stack.
class Workspaces {
 public:
  explicit Workspaces(BenchStack& stack) : client_(stack.client()) {}

  template <api::Operation Op>
  auto call(const Op& request) {
    return client_.call(request, BenchStack::patient());
  }
  std::string create(const std::optional<std::filesystem::path>& seed = {},
                     const std::optional<api::SeedOrigin>& origin = {});
  void remove(const std::string& id) { call(api::DeleteWorkspace{.workspace_id = id}); }
  api::WorkspaceExecResult exec(const std::string& id, const std::string& command);
  /// The id of the machine behind it.
  std::string machine_of(const std::string& id);

 private:
  StackClient& client_;
};

}  // namespace pyro::bench
