#pragma once

#include <string>

#include "guest/agent/files/change_plan.h"
#include "guest/agent/files/workspace.h"

namespace pyro::agent::files {

/// Carries a plan's steps out, each a rename between the staging and the tree. Every directory is
/// looked up beneath the one or the other, so that no step leads anywhere else.
class ChangeSteps {
 public:
  /// Opens `.pyro/staging/<plan.staging>`, which must hold `new` and `old`.
  ChangeSteps(const VolumeDirectories& directories, const ChangePlan& plan);

  /// All steps, or none. kFailedPrecondition: `X changed meanwhile`; any other Error of the system.
  void carry_out();
  /// The remaining steps after a crash, whichever were done. It leaves out a step whose place in
  /// the tree was taken since.
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
