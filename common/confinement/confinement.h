#pragma once

#include <sys/mman.h>

#include <optional>
#include <string>

#include "common/confinement/confinement_plan.h"
#include "common/confinement/file_view.h"
#include "common/confinement/landlock.h"
#include "common/confinement/system_call_filter.h"
#include "common/process/child_process.h"

namespace pyro {

/// A program's name at a random address. After execve(2) the address is of no use, and unknown: a
/// filter that lets only this execve through lets no second one through.
class SecretName {
 public:
  explicit SecretName(const std::string& program);
  SecretName(const SecretName&) = delete;
  SecretName& operator=(const SecretName&) = delete;
  ~SecretName() { ::munmap(page_, kBytes); }

  const char* get() const { return name_; }

 private:
  static constexpr std::size_t kBytes = 8192;
  void* page_;
  char* name_;
};

/// Starts a program, `command.argv[0]` by its absolute path, shut in by `plan`.
ChildProcess start_confined(Command command, const ConfinementPlan& plan);

/// Shuts a program in: a VMM, or what reads a guest's disk. All of it is laid out here, by the
/// rights of the caller; the child then only makes the calls.
class Confinement {
 public:
  /// Makes the missing writable files. `program` is the absolute path of the program.
  Confinement(const ConfinementPlan& plan, const std::string& program);

  /// The child of `command` begins confined, with an empty environment. It has to start before
  /// this object ends. A step that the host refuses fails the start: the child is never less
  /// confined than planned.
  void apply_to(Command& command);

 private:
  const char* enter(const Execution& execution);
  const char* enter_namespaces();

  ConfinementForm form_;
  SecretName program_;
  SystemCallFilter filter_;
  std::optional<Landlock> landlock_;
  std::optional<FileView> view_;
  std::string user_map_;
  std::string group_map_;
};

}  // namespace pyro
