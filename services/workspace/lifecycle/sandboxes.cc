#include "services/workspace/lifecycle/sandboxes.h"

#include <future>

#include "common/api/message_type.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/fault/fault.h"
#include "common/log/log.h"

namespace pyro::workspace {

/// A machine that is made beside other work. It is deleted again unless it was kept.
class Sandboxes::Starting {
 public:
  Starting(Sandboxes& sandboxes, const Wanted& wanted, const bus::Call& call,
           const std::stop_token& stop)
      : sandboxes_(sandboxes), forward_(stop, [this] { stop_.request_stop(); }) {
    machine_ = std::async(std::launch::async, [this, &wanted, &call] {
      const log::Context context(call.trace_id(), wanted.workspace.workspace_id);
      return start(wanted, call);
    });
  }
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;
  ~Starting() {
    stop_.request_stop();
    if (machine_.valid()) machine_.wait();
    if (kept_) return;
    if (vm_id_.empty()) {
      sandboxes_.left_behind_();  // one whose creation was not answered may be there as well
    } else {
      sandboxes_.remove_if_possible(vm_id_);
    }
  }

  api::Machine get() { return machine_.get(); }
  void keep() { kept_ = true; }

 private:
  api::Machine start(const Wanted& wanted, const bus::Call& call) {
    const Work work = call.work().stopped_by(stop_.get_token());
    const api::Workspace& workspace = wanted.workspace;
    api::CreateMachine request{.network_rules = wanted.network,
                               .boot = wanted.boot,
                               .workspace_id = workspace.workspace_id,
                               .replaces = wanted.replaces};
    api::assign_fields(request, workspace);
    vm_id_ = sandboxes_.vm_.call(request, work).vm_id;
    fault::point("workspace.machine.created");
    return sandboxes_.vm_.call(api::StartMachine{.vm_id = vm_id_}, work);
  }

  Sandboxes& sandboxes_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_;
  std::future<api::Machine> machine_;
  std::string vm_id_;  ///< written by the thread, read once it has ended
  bool kept_ = false;
};

api::Machine Sandboxes::give_volume(const Wanted& wanted, Starting& starting, const bus::Call& call,
                                    const std::stop_token& stop) {
  const api::Machine started = starting.get();
  if (started.execution_mode == api::ExecutionMode::kHostCompat && wanted.volume_is_foreign) {
    throw failed_precondition(
        reason::kNoGuest,
        "no guest can be booted now, and a snapshot that was taken in one cannot be read on the "
        "host: reset to the baseline, or fix what `pyro doctor` names");
  }
  fault::point("workspace.machine.started");
  api::Machine machine =
      vm_.call(api::MountVolume{.vm_id = started.vm_id, .volume = wanted.volume.string()},
               call.work().stopped_by(stop));
  if (machine.execution_mode == api::ExecutionMode::kHostCompat) {
    files_.call(api::FillWorkspace{.vm_id = machine.vm_id, .volume = wanted.volume.string()},
                call.work().stopped_by(stop));
  }
  fault::point("workspace.machine.mounted");
  starting.keep();
  return machine;
}

api::Machine Sandboxes::make(const Wanted& wanted, const bus::Call& call,
                             const std::stop_token& stop) {
  Starting starting(*this, wanted, call, stop);
  return give_volume(wanted, starting, call, stop);
}

Sandboxes::Seeded Sandboxes::make_seeded(const Wanted& wanted, const api::CreateWorkspace& request,
                                         const bus::Call& call, const std::stop_token& stop) {
  Starting starting(*this, wanted, call, stop);
  const api::WorkspaceSeed seed = files_.call(api::BuildVolume{.volume = wanted.volume.string(),
                                                               .seed_path = request.seed_path,
                                                               .origin = request.origin,
                                                               .by_model = request.by_model},
                                              call.work().stopped_by(stop));
  fault::point("workspace.volume.built");
  return {.machine = give_volume(wanted, starting, call, stop), .seed = seed};
}

void Sandboxes::remove_if_possible(const std::string& vm_id) noexcept {
  try {
    machines_.remove(vm_id);
  } catch (const std::exception& error) {
    log::warn("vm {}: cleanup incomplete, will retry: {}", vm_id, error.what());
    left_behind_();
  }
}

}  // namespace pyro::workspace
