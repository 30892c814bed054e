#pragma once

#include "common/base/unique_fd.h"
#include "common/confinement/confinement_plan.h"

namespace pyro {

/// Whether this kernel has Landlock (5.13, and switched on).
bool landlock_works();

/// Landlock rules: the files of a plan, each with its rights, and nothing else. They hold for the
/// files themselves, wherever they are renamed to or shown. From ABI 4 on no TCP
/// unless the plan has it, from ABI 6 on no
/// signal to another process and no abstract socket.
class Landlock {
 public:
  explicit Landlock(const ConfinementPlan& plan);

  /// Async-signal-safe; needs no_new_privs. False: errno says why.
  bool apply() const;

 private:
  UniqueFd rules_;
};

}  // namespace pyro
