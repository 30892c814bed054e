#pragma once

#include <string>

#include "guest/agent/files/change_plan.h"
#include "guest/agent/files/workspace.h"

namespace pyro::agent::files {

/// Carries out a plan's steps, each a rename between the staging and the tree. Looks up every
/// directory beneath one of them, so that no step leads elsewhere.
class ChangeSteps {
 public:
  /// Opens `.pyro/staging/<plan.staging>`, which must hold `new` and `old`.
  ChangeSteps(const VolumeDirectories& directories, const ChangePlan& plan);

  /// Does all steps, or none. kFailedPrecondition: `X changed meanwhile`; else an Error of the
  /// system.
  void carry_out();
  /// Does the remaining steps after a crash. Leaves out a step whose path in the tree is taken now.
  void finish();

 private:
  struct Parent {
    std::string path;
    UniqueFd directory;
  };

  void carry_out(std::size_t index);
  void undo(std::size_t index);
  void finish(std::size_t index);
  void remove_emptied_directories();
  static int open_parent(Parent& cached, int top, const std::string& path);
  static std::string old_name(std::size_t index) { return std::to_string(index); }

  const int tree_;
  const ChangePlan& plan_;
  UniqueFd new_;
  UniqueFd old_;
  Parent in_tree_;
  Parent in_new_;
};

}  // namespace pyro::agent::files
