#include "services/vm/service.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/api/environment.h"
#include "common/api/prepare.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/config/programs.h"
#include "common/guest/captured_output.h"
#include "common/log/log.h"
#include "common/stream/output_sender.h"

namespace pyro::vm {
namespace {

/// Where a command's output goes: kept for the reply, while its last line is the caller's progress,
/// or sent on as it comes.
class Output {
 public:
  Output(const std::optional<std::string>& socket, const Work& work) {
    if (socket) {
      sender_.emplace(*socket, work);
    } else {
      teller_ = std::jthread([this, &work](const std::stop_token& stop) { tell(work, stop); });
    }
  }

  /// For a command that begins now.
  OutputSink sink() {
    {
      const std::lock_guard lock(mutex_);
      runs_ = true;
    }
    return [this](std::uint32_t stream, std::string_view data) {
      if (sender_) return sender_->send(stream, data);
      const std::lock_guard lock(mutex_);
      CapturedOutput& captured = stream == 1 ? stdout_ : stderr_;
      captured.append(data);
      last_ = &captured;
    };
  }

  void fill(api::MachineExecResult& result) const {
    result.stdout_text = stdout_.text();
    result.stderr_text = stderr_.text();
    result.stdout_truncated = stdout_.truncated();
    result.stderr_truncated = stderr_.truncated();
  }

 private:
  /// Before the command begins it is the machine's start that is told.
  void tell(const Work& work, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      changed_.wait_until(lock, stop, Clock::now() + kLastLineInterval, [] { return false; });
      if (!runs_ || stop.stop_requested()) continue;
      const std::string line = last_->last_line();
      // The command's output does not wait for the bus.
      lock.unlock();
      work.report("exec", line);
      lock.lock();
    }
  }

  std::optional<OutputSender> sender_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  CapturedOutput stdout_;
  CapturedOutput stderr_;
  const CapturedOutput* last_ = &stdout_;
  bool runs_ = false;
  std::jthread teller_;  ///< ends before what it reads
};

api::MachineExecResult result_of(const std::string& command, const ExecOutcome& outcome,
                                 const Output& output) {
  const api::Machine& machine = outcome.record.machine;
  api::MachineExecResult result{
      .vm_id = machine.vm_id,
      .environment = machine.environment,
      .environment_version = machine.environment_version,
      .command = command,
      .exit_code = outcome.job.exit_code.value_or(-1),
      .duration_ms = outcome.job.duration_ms,
      .execution_mode = machine.execution_mode,
      .metadata = machine.metadata,
      .cleanup = {
          .vm_id = machine.vm_id, .deleted = true, .reason = std::string(kPostExecCleanup)}};
  output.fill(result);
  return result;
}

void refuse_network(bool asked, std::string_view what_to_do) {
  if (asked) {
    throw failed_precondition(reason::kNoNetwork, "this pyro gives machines no network yet: {}",
                              what_to_do);
  }
}

std::filesystem::path shim_program() { return sibling_program("pyro-vm-shim"); }

std::chrono::seconds boot_timeout(const ServiceHost& host) {
  return std::chrono::seconds(host.config().vm.boot_timeout_seconds);
}

}  // namespace

Service::Service(ServiceHost& host)
    : registry_(host.paths().registry()),
      guest_host_(registry_, {.paths = host.paths(),
                              .config = host.config().vm,
                              .agent = sibling_program("pyro-agent"),
                              .shim_program = shim_program()}),
      templates_(host.paths().templates_dir(),
                 std::uint64_t{host.config().vm.templates_max_mib} << 20U),
      builder_(templates_, {.paths = host.paths(),
                            .shim_program = shim_program(),
                            .boot_timeout = boot_timeout(host)}),
      standbys_({.paths = host.paths(),
                 .shim_program = shim_program(),
                 .boot_timeout = boot_timeout(host)}),
      starter_({.shim_program = shim_program(),
                .boot_timeout = boot_timeout(host),
                .boot = host.config().vm.boot},
               guest_host_, templates_, standbys_),
      warmer_({.standby_machines = host.config().vm.standby_machines,
               .idle = std::chrono::seconds(host.config().vm.standby_idle_seconds)},
              guest_host_, builder_, standbys_),
      machines_(registry_, {.paths = host.paths(), .max_active = host.config().limits.max_active},
                starter_, warmer_),
      preparer_(host.paths().cache_dir / "prepared", guest_host_, templates_, builder_),
      images_(host.client("image")) {
  machines_.recover();
  templates_.collect_garbage();
  host.server().set_holds([this] { return machines_.count(); });
  host.server().set_standby([this] { return standbys_.count(); });
}

MachineRecord Service::create(const api::CreateMachine& request, bool belongs_to_run,
                              bus::Call& call) {
  refuse_network(request.network, "create the machine without it");
  MachineRecord record{.machine = {.environment = request.environment,
                                   .vcpu_count = request.vcpu_count,
                                   .mem_mib = request.mem_mib,
                                   .ttl_seconds = request.ttl_seconds,
                                   .allow_host_compat = request.allow_host_compat},
                       .belongs_to_run = belongs_to_run,
                       .boot_policy = request.boot,
                       .workspace_id = request.workspace_id,
                       .replaces = request.replaces};
  if (guest_host_.require_guest_or_consent(request.allow_host_compat)) {
    record.boot =
        images_.call(api::ResolveEnvironment{.environment = request.environment}, call.work());
    record.machine.environment_version = record.boot.environment_version;
    record.machine.metadata = {{"environment_digest", record.boot.environment_digest},
                               {"kernel", record.boot.kernel_release}};
  } else {
    // Known environments only, so that the name means the same wherever it runs.
    const api::Environment known =
        images_.call(api::InspectEnvironment{.environment = request.environment}, call.work());
    record.machine.environment_version = known.version;
  }
  return machines_.create(std::move(record));
}

api::Machine Service::handle(const api::CreateMachine& request, bus::Call& call) {
  return create(request, /*belongs_to_run=*/false, call).machine;
}

api::Machine Service::handle(const api::StartMachine& request, bus::Call& call) {
  return machines_.start(request.vm_id, call.work());
}

api::MachineExecResult Service::handle(const api::ExecMachine& request, bus::Call& call) {
  Output output(request.output_socket, call.work());
  const ExecOutcome outcome = machines_.exec(request, output.sink(), call.work());
  return result_of(request.command, outcome, output);
}

api::MachineExecResult Service::handle(const api::RunMachine& request, bus::Call& call) {
  Output output(request.output_socket, call.work());
  const std::string vm_id = create({.environment = request.environment,
                                    .vcpu_count = request.vcpu_count,
                                    .mem_mib = request.mem_mib,
                                    .ttl_seconds = request.ttl_seconds,
                                    .network = request.network,
                                    .allow_host_compat = request.allow_host_compat,
                                    .boot = request.boot},
                                   /*belongs_to_run=*/true, call)
                                .machine.vm_id;
  Cleanup clean_up([this, &vm_id] {
    try {
      machines_.remove(vm_id, kRunErrorCleanup);
      log::info("vm {} was deleted: {}", vm_id, kRunErrorCleanup);
    } catch (const Error& error) {
      // not_found: the exec got as far as deleting it itself.
      if (error.code() != ErrorCode::kNotFound) log::error("clean-up: {}", error.message());
    }
  });
  machines_.start(vm_id, call.work());
  const ExecOutcome outcome = machines_.exec(
      {.vm_id = vm_id, .command = request.command, .timeout_seconds = request.timeout_seconds},
      output.sink(), call.work());
  clean_up.dismiss();
  return result_of(request.command, outcome, output);
}

api::Machine Service::handle(const api::StopMachine& request, bus::Call&) {
  return machines_.stop(request.vm_id);
}

api::Cleanup Service::handle(const api::DeleteMachine& request, bus::Call&) {
  return machines_.remove(request.vm_id, kExplicitDelete);
}

api::Machine Service::handle(const api::MachineStatus& request, bus::Call&) {
  return machines_.status(request.vm_id);
}

api::MachineNetwork Service::handle(const api::MachineNetworkInfo& request, bus::Call&) {
  const api::Machine machine = machines_.status(request.vm_id);
  return {.vm_id = machine.vm_id, .reason = "the machine was created without a network"};
}

api::Machine Service::handle(const api::MountVolume& request, bus::Call& call) {
  return machines_.mount_volume(request.vm_id, request.volume, call.work());
}

api::WorkspaceMachines Service::handle(const api::ListWorkspaceMachines&, bus::Call&) {
  return machines_.of_workspaces();
}

api::ReapResult Service::handle(const api::ReapExpired&, bus::Call&) {
  return machines_.reap_expired();
}

/// Boot files of any installed environment, for a probe: nothing is installed for it.
std::optional<api::BootFiles> Service::installed_boot_files(bus::Call& call) {
  const Work& work = call.work();
  for (const auto& environment : images_.call(api::ListEnvironments{}, work).environments) {
    if (!environment.installed) continue;
    return images_.call(api::ResolveEnvironment{.environment = environment.name}, work);
  }
  return std::nullopt;
}

api::HostCapabilities Service::handle(const api::GetCapabilities& request, bus::Call& call) {
  api::HostCapabilities found =
      guest_host_.describe(installed_boot_files(call), request.reprobe, call.stop());
  found.active_machines = machines_.count();
  found.max_active = machines_.max_active();
  return found;
}

api::Nothing Service::handle(const api::Quiesce&, bus::Call&) {
  warmer_.rest();
  machines_.stop_all();
  return {};
}

api::DailyLoop Service::handle(const api::GetDailyLoop& request, bus::Call& call) {
  const Work& work = call.work();
  const api::Environment environment =
      images_.call(api::InspectEnvironment{.environment = request.environment}, work);
  std::optional<api::BootFiles> boot;
  if (environment.installed) {
    boot = images_.call(api::ResolveEnvironment{.environment = environment.name}, work);
  }
  api::DailyLoop loop = preparer_.describe(environment.name, boot, request.verify, call.stop());
  // What stands by was restored from the same template.
  if (request.verify && loop.status == api::Warmth::kStale) warmer_.rest();
  return loop;
}

api::PreparedEnvironment Service::handle(const api::PrepareTemplate& request, bus::Call& call) {
  const api::PrepareEnvironment& wanted = request.request;
  refuse_network(wanted.network, "prepare without --network");
  starter_.require_warm();
  if (const auto reason = guest_host_.obstacle()) {
    throw failed_precondition(reason::kNoGuest, "guest boot is unavailable: {}", *reason);
  }
  const api::BootFiles boot =
      images_.call(api::ResolveEnvironment{.environment = wanted.environment}, call.work());
  if (request.proved) {
    warmer_.started(default_machine(boot));
    return preparer_.record(boot, call.stop());
  }
  if (wanted.force) warmer_.rest();
  return preparer_.prepare(boot, wanted.force, call.work());
}

api::PrunedTemplates Service::handle(const api::PruneTemplates&, bus::Call&) {
  warmer_.rest();
  preparer_.forget();
  api::PrunedTemplates pruned = templates_.prune();
  log::info("prune deleted {} templates", pruned.deleted_template_dirs.size());
  return pruned;
}

}  // namespace pyro::vm
