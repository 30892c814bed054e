#include "guest/agent/files/change_steps.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "guest/agent/files/planner.h"

namespace pyro::agent::files {
namespace {

/// A process in the guest was at work in the tree between the check and the step.
bool was_changed(int error_number) {
  switch (error_number) {
    case EEXIST:
    case EISDIR:
    case ENOTEMPTY:
    case EBUSY:  // the guest mounted something there
      return true;
    default:
      return tree::is_gone(error_number);
  }
}

Error step_error(const std::string& path) {
  const int failed = errno;
  return was_changed(failed) ? changed_meanwhile(path) : tree::path_error("rename", path, failed);
}

bool identify(int directory, const std::string& name, Identity& identity) {
  struct stat info {};
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  identity = identity_of(info);
  return true;
}

bool is_there(int directory, const std::string& name) {
  Identity ignored;
  return identify(directory, name, ignored);
}

bool rename_between(int from, const std::string& name, int to, const std::string& new_name,
                    unsigned flags) {
  return ::renameat2(from, name.c_str(), to, new_name.c_str(), flags) == 0;
}

}  // namespace

ChangeSteps::ChangeSteps(const VolumeDirectories& directories, const ChangePlan& plan)
    : tree_(directories.tree.get()), plan_(plan) {
  const UniqueFd staging = tree::open_beneath(
      directories.own.get(), tree::join("staging", plan.staging), O_PATH | O_DIRECTORY);
  if (!staging) throw tree::path_error("open staging", plan.staging);
  new_ = tree::open_beneath(staging.get(), "new", O_PATH | O_DIRECTORY);
  old_ = tree::open_beneath(staging.get(), "old", O_PATH | O_DIRECTORY);
  if (!new_ || !old_) throw tree::path_error("open staging", plan.staging);
}

int ChangeSteps::open_parent(Parent& cached, int top, const std::string& path) {
  const std::string_view parent = tree::parent_of(path);
  if (!cached.directory || cached.path != parent) {
    cached.path = parent;
    cached.directory = tree::open_beneath(top, cached.path, O_PATH | O_DIRECTORY);
    if (!cached.directory) throw step_error(path);
  }
  return cached.directory.get();
}

void ChangeSteps::carry_out() {
  std::size_t done = 0;
  try {
    for (; done < plan_.steps.size(); ++done) carry_out(done);
  } catch (...) {
    while (done > 0) undo(--done);
    throw;
  }
  remove_emptied_directories();
}

void ChangeSteps::carry_out(std::size_t index) {
  const Step& step = plan_.steps[index];
  const std::string name(tree::name_of(step.path));
  const int target = open_parent(in_tree_, tree_, step.path);
  Identity gone;
  switch (step.kind) {
    case StepKind::kDelete:
      if (!rename_between(target, name, old_.get(), old_name(index), RENAME_NOREPLACE)) {
        throw step_error(step.path);
      }
      if (identify(old_.get(), old_name(index), gone) && gone == step.before) return;
      undo(index);
      throw changed_meanwhile(step.path);
    case StepKind::kPlace:
      if (rename_between(open_parent(in_new_, new_.get(), step.path), name, target, name,
                         RENAME_NOREPLACE)) {
        return;
      }
      throw step_error(step.path);
    case StepKind::kReplace: {
      const int source = open_parent(in_new_, new_.get(), step.path);
      if (!rename_between(source, name, target, name, RENAME_EXCHANGE)) {
        throw step_error(step.path);
      }
      if (identify(source, name, gone) && gone == step.before) return;
      undo(index);
      throw changed_meanwhile(step.path);
    }
  }
}

/// Where even this fails, a process in the guest took the place, and keeps it.
void ChangeSteps::undo(std::size_t index) {
  const Step& step = plan_.steps[index];
  const std::string name(tree::name_of(step.path));
  try {
    const int target = open_parent(in_tree_, tree_, step.path);
    switch (step.kind) {
      case StepKind::kDelete:
        rename_between(old_.get(), old_name(index), target, name, RENAME_NOREPLACE);
        break;
      case StepKind::kPlace:
        rename_between(target, name, open_parent(in_new_, new_.get(), step.path), name,
                       RENAME_NOREPLACE);
        break;
      case StepKind::kReplace:
        rename_between(target, name, open_parent(in_new_, new_.get(), step.path), name,
                       RENAME_EXCHANGE);
        break;
    }
  } catch (const Error&) {
  }
}

void ChangeSteps::finish() {
  for (std::size_t index = 0; index < plan_.steps.size(); ++index) {
    try {
      finish(index);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kFailedPrecondition) throw;
    }
  }
  remove_emptied_directories();
}

void ChangeSteps::finish(std::size_t index) {
  const Step& step = plan_.steps[index];
  const std::string name(tree::name_of(step.path));
  Identity found;
  if (step.kind == StepKind::kDelete) {
    if (is_there(old_.get(), old_name(index))) return;
    const int target = open_parent(in_tree_, tree_, step.path);
    if (!identify(target, name, found) || found.inode != step.inode) return;
    if (rename_between(target, name, old_.get(), old_name(index), RENAME_NOREPLACE)) return;
    throw step_error(step.path);
  }
  // Not there, or after a replacement something else: that step was done.
  const int source = open_parent(in_new_, new_.get(), step.path);
  if (!identify(source, name, found) || found.inode != step.inode) return;
  const unsigned flags = step.kind == StepKind::kPlace ? RENAME_NOREPLACE : 0;
  if (rename_between(source, name, open_parent(in_tree_, tree_, step.path), name, flags)) return;
  throw step_error(step.path);
}

void ChangeSteps::remove_emptied_directories() {
  for (const auto& step : plan_.steps) {
    if (step.kind != StepKind::kDelete) continue;
    for (std::string path(tree::parent_of(step.path)); !path.empty();
         path = std::string(tree::parent_of(path))) {
      const UniqueFd above =
          tree::open_beneath(tree_, std::string(tree::parent_of(path)), O_PATH | O_DIRECTORY);
      const std::string name(tree::name_of(path));
      if (!above || ::unlinkat(above.get(), name.c_str(), AT_REMOVEDIR) != 0) break;
    }
  }
}

}  // namespace pyro::agent::files
