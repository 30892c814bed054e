#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/agent_files.h"
#include "common/base/error.h"
#include "guest/agent/files/change_plan.h"

namespace pyro::agent::files {

Error changed_meanwhile(std::string_view path);

/// kFailedPrecondition: an entry at these paths differs from what the host saw.
void check_expectations(int tree, const std::vector<api::agent::Expectation>& expectations);

/// Finds the steps of a change, or why it is impossible, without any write.
class Planner {
 public:
  explicit Planner(int tree) : tree_(tree) {}

  /// kFailedPrecondition: a path is gone, or not a file.
  void remove(const std::vector<std::string>& paths);
  /// Plans to put the entries below `staged` into the tree. A removed entry is no obstacle.
  /// kFailedPrecondition: `file conflicts with existing path: X` and the like.
  void merge(int staged);

  std::vector<Step> take() { return std::move(steps_); }

 private:
  void merge_directory(int staged, const std::string& path);
  void merge_name(int staged, int existing, const std::string& name, const std::string& path);

  const int tree_;
  std::set<std::string> removed_;
  std::vector<std::string> waiting_;  ///< directories on both sides
  std::vector<Step> steps_;
};

}  // namespace pyro::agent::files
