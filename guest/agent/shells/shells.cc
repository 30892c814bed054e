#include "guest/agent/shells/shells.h"

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/workspace.h"
#include "guest/agent/job_table.h"

namespace pyro::agent {

namespace wire = api::agent;

std::shared_ptr<Shell> Shells::find(const std::string& id) const {
  const auto found = shells_.find(id);
  if (found == shells_.end()) {
    throw not_found(reason::kShellMissing, "shell '{}' does not exist", id);
  }
  return found->second;
}

void Shells::handle(const wire::OpenShell& request, To<wire::OpenShell> caller) {
  check_cgroup_name("shell_id", request.shell_id);
  auto& shell = shells_[request.shell_id];
  Cleanup forget([&] { shells_.erase(request.shell_id); });
  if (!shell) {
    if (shells_.size() > wire::OpenShell::kMostShells) {
      throw resource_exhausted(reason::kTooManyShells, "the guest has {} shells: close one first",
                               wire::OpenShell::kMostShells);
    }
    shell = std::make_shared<Shell>(io_, request);
    shell->start(launcher_, request);
  }
  forget.dismiss();
  caller.answer(shell->describe());
}

void Shells::handle(const wire::ReadShell& request, To<wire::ReadShell> caller) {
  find(request.shell_id)->read(request, caller.session());
}

void Shells::handle(const wire::FollowShell& request, To<wire::FollowShell> caller) {
  find(request.shell_id)->follow(request.offset, caller.session());
}

void Shells::handle(const wire::AwaitShell& request, To<wire::AwaitShell> caller) {
  find(request.shell_id)->await(caller.session());
}

void Shells::handle(const wire::WriteShell& request, To<wire::WriteShell> caller) {
  const auto shell = find(request.shell_id);
  shell->write(request.write_id, request.data.data);
  caller.answer(shell->describe());
}

void Shells::handle(const wire::SignalShell& request, To<wire::SignalShell> caller) {
  const auto shell = find(request.shell_id);
  shell->signal(static_cast<int>(request.signal));
  caller.answer(shell->describe());
}

void Shells::handle(const wire::ResizeShell& request, To<wire::ResizeShell> caller) {
  const auto shell = find(request.shell_id);
  shell->resize({request.cols, request.rows});
  caller.answer(shell->describe());
}

/// The caller may be gone by then: the session drops an answer that nobody waits for.
void Shells::handle(const wire::CloseShell& request, To<wire::CloseShell> caller) {
  const auto found = shells_.find(request.shell_id);
  if (found == shells_.end()) return caller.answer({});
  found->second->close(std::chrono::milliseconds(request.hangup_ms),
                       [this, id = request.shell_id, caller] {
                         shells_.erase(id);
                         caller.answer({});
                       });
}

}  // namespace pyro::agent
