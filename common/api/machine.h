#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/boot_policy.h"
#include "common/api/field.h"
#include "common/api/job_state.h"
#include "common/api/network.h"

/// Operations on machines, one-shot and not. Owner: vm service.
namespace pyro::api {

enum class MachineState { kCreated, kStarted, kStopped };
constexpr std::array<std::pair<MachineState, std::string_view>, 3> enum_names(MachineState) {
  return {{{MachineState::kCreated, "created"},
           {MachineState::kStarted, "started"},
           {MachineState::kStopped, "stopped"}}};
}

/// How a machine's commands reach where they run.
enum class ExecutionMode { kPending, kGuestVsock, kGuestSerial, kHostCompat };
constexpr std::array<std::pair<ExecutionMode, std::string_view>, 4> enum_names(ExecutionMode) {
  return {{{ExecutionMode::kPending, "pending"},
           {ExecutionMode::kGuestVsock, "guest_vsock"},
           {ExecutionMode::kGuestSerial, "guest_serial"},
           {ExecutionMode::kHostCompat, "host_compat"}}};
}

/// What a machine or a workspace is made of.
struct MachineShape {
  std::string environment;
  std::optional<std::string> environment_version;
  std::uint32_t vcpu_count = 1;
  std::uint32_t mem_mib = 1024;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &MachineShape::environment, "Environment it boots.");
    f("environment_version", &MachineShape::environment_version, "Version of that environment.");
    f("vcpu_count", &MachineShape::vcpu_count, "Virtual CPUs.");
    f("mem_mib", &MachineShape::mem_mib, "Memory in MiB.");
  }
};

/// How a machine or a workspace reaches the world, and how pyro reaches it.
struct MachineAccess {
  bool network_enabled = false;
  bool allow_host_compat = false;
  std::optional<std::string> guest_ip;
  std::optional<std::string> tap_name;
  ExecutionMode execution_mode = ExecutionMode::kPending;

  template <class Fields>
  static void describe(Fields& f) {
    f("network_enabled", &MachineAccess::network_enabled, "Whether it has a way out.");
    f("allow_host_compat", &MachineAccess::allow_host_compat,
      "Whether its caller opted into running on the host when no guest can be booted.");
    f("guest_ip", &MachineAccess::guest_ip, "Its address, with a network.");
    f("tap_name", &MachineAccess::tap_name, "Its tap device, with a network.");
    f("execution_mode", &MachineAccess::execution_mode,
      "pending, guest_vsock, guest_serial, or host_compat: no isolation by a guest.");
  }
};

struct Machine : MachineShape, MachineAccess {
  std::string vm_id;
  std::uint32_t ttl_seconds = 600;
  double created_at = 0;
  double expires_at = 0;
  MachineState state = MachineState::kCreated;
  std::optional<std::string> last_error;
  std::map<std::string, std::string> metadata;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &Machine::vm_id, "Id of the machine, 12 hex digits.");
    MachineShape::describe(f);
    f("ttl_seconds", &Machine::ttl_seconds, "Lifetime from its creation, in seconds.");
    f("created_at", &Machine::created_at, "Seconds since the epoch.");
    f("expires_at", &Machine::expires_at, "When it is deleted, in seconds since the epoch.");
    f("state", &Machine::state, "created, started or stopped.");
    MachineAccess::describe(f);
    f("last_error", &Machine::last_error, "Why it is not as it should be.");
    f("metadata", &Machine::metadata, "boot_mode, accelerator, environment_digest, kernel, …");
  }
};

inline constexpr auto kVcpuRange = range(1, 8);
inline constexpr auto kMemMibRange = range(256, 32768);
inline constexpr auto kTtlRange = range(60, 604800);
/// Of a command, in seconds: a running one holds its machine.
inline constexpr auto kTimeoutRange = range(1, 604800);
/// Commands come in one piece through the link and the kernel's argument limit (128 KiB a string).
inline constexpr auto kCommandLimit = max_length(131071);

/// The fields of every request that makes a machine.
template <class Request, class Fields>
void describe_new_machine(Fields& f) {
  f("environment", &Request::environment, "Environment to boot, like debian:12.", kRequired,
    kPositional, max_length(128));
  f("vcpu_count", &Request::vcpu_count, "Virtual CPUs.", kVcpuRange);
  f("mem_mib", &Request::mem_mib, "Memory in MiB.", kMemMibRange);
  f("ttl_seconds", &Request::ttl_seconds, "Lifetime in seconds.", kTtlRange);
  f("network", &Request::network, "Give it outbound network.");
  f("package_cache", &Request::package_cache, kPackageCache);
  f("network_rules", &Request::network_rules, "What it may reach, in the place of `network`.",
    kHidden);
  f("allow_host_compat", &Request::allow_host_compat,
    "Run on the host, without a guest's isolation, when no guest can be booted.");
  f("boot", &Request::boot, "cold: never from a warm template.", kHidden);
}

/// Makes a machine without starting it. The environment is installed first when missing.
struct CreateMachine {
  static constexpr Method kMethod{"vm.create"};
  using Reply = Machine;
  std::string environment;
  std::uint32_t vcpu_count = 1;
  std::uint32_t mem_mib = 1024;
  std::uint32_t ttl_seconds = 600;
  bool network = false;
  std::optional<NetworkRules> network_rules;
  std::optional<bool> package_cache;
  bool allow_host_compat = false;
  BootPolicy boot = BootPolicy::kAuto;
  std::optional<std::string> workspace_id;
  std::optional<std::string> replaces;

  template <class Fields>
  static void describe(Fields& f) {
    describe_new_machine<CreateMachine>(f);
    f("workspace_id", &CreateMachine::workspace_id,
      "The workspace that it is made for, whose lifetime it has.", kHidden);
    f("replaces", &CreateMachine::replaces,
      "The workspace's machine that this one replaces: the two count as one.", kHidden);
  }
};

/// Where a call's live output goes: a unix socket on which the caller listens. It gets msgpack
/// maps {stream, data} until end of file; the kernel's socket buffer is the flow control.
struct OutputChunk {
  std::uint32_t stream = 1;
  Bytes data;

  template <class Fields>
  static void describe(Fields& f) {
    f("stream", &OutputChunk::stream, "1 is standard output, 2 standard error.", range(1, 2));
    f("data", &OutputChunk::data, "The output.");
  }
};

struct Cleanup {
  std::string vm_id;
  bool deleted = false;
  std::string reason;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &Cleanup::vm_id, "The machine.");
    f("deleted", &Cleanup::deleted, "Whether it is gone.");
    f("reason", &Cleanup::reason, "post_exec_cleanup, run_vm_error_cleanup or explicit_delete.");
  }
};

/// The streams of a command.
struct CommandOutput {
  std::string stdout_text;
  std::string stderr_text;
  bool stdout_truncated = false;
  bool stderr_truncated = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("stdout", &CommandOutput::stdout_text,
      "Standard output, at most 8 MiB; of a running command so far.");
    f("stderr", &CommandOutput::stderr_text,
      "Standard error, at most 8 MiB; of a running command so far.");
    f("stdout_truncated", &CommandOutput::stdout_truncated, "Its middle was dropped.");
    f("stderr_truncated", &CommandOutput::stderr_truncated, "Its middle was dropped.");
  }
};

/// A command, where it was run, and its output.
struct CommandRun : CommandOutput {
  std::string environment;
  std::optional<std::string> environment_version;
  std::string command;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &CommandRun::environment, "Its environment.");
    f("environment_version", &CommandRun::environment_version, "Version of that environment.");
    f("command", &CommandRun::command, "The command as it was run by the shell.");
    CommandOutput::describe(f);
  }
};

struct MachineExecResult : CommandRun {
  std::string vm_id;
  std::int32_t exit_code = 0;
  std::optional<KilledBy> killed_by;
  std::optional<LikelyCause> likely_cause;
  std::vector<EgressDenied> egress_denied;
  std::uint64_t duration_ms = 0;
  ExecutionMode execution_mode = ExecutionMode::kPending;
  std::map<std::string, std::string> metadata;
  Cleanup cleanup;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &MachineExecResult::vm_id, "The machine it ran in.");
    CommandRun::describe(f);
    f("exit_code", &MachineExecResult::exit_code, "Exit status; 124 after a time-out.");
    f("killed_by", &MachineExecResult::killed_by, kKilledBy, kAbsentWhenNull);
    f("likely_cause", &MachineExecResult::likely_cause, kLikelyCause, kAbsentWhenNull);
    f("egress_denied", &MachineExecResult::egress_denied, kEgressDenied);
    f("duration_ms", &MachineExecResult::duration_ms, "Milliseconds from start to exit.");
    f("execution_mode", &MachineExecResult::execution_mode, "guest_serial, … or host_compat.");
    f("metadata", &MachineExecResult::metadata, "The machine's: boot_mode, accelerator, …");
    f("cleanup", &MachineExecResult::cleanup, "The machine's fate.");
  }
};

/// Runs one command in a started machine and deletes the machine.
/// failed_precondition: the machine is not started; it is left as it was.
struct ExecMachine {
  static constexpr Method kMethod{"vm.exec"};
  using Reply = MachineExecResult;
  std::string vm_id;
  std::string command;
  std::uint32_t timeout_seconds = 30;
  std::optional<std::string> output_socket;
  bool guests_only = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &ExecMachine::vm_id, "Machine to run in.", kRequired, kPositional, max_length(64));
    f("command", &ExecMachine::command, "Shell command.", kRequired, kPositional, kCommandLimit);
    f("timeout_seconds", &ExecMachine::timeout_seconds, "Seconds until it is killed.", kPositive,
      kTimeoutRange);
    f("output_socket", &ExecMachine::output_socket,
      "Unix socket for the live output; stdout and stderr of the reply are then empty.", kHidden);
    f("guests_only", &ExecMachine::guests_only,
      "Refuse a machine that runs on the host itself, also one of another caller.", kHidden);
  }
};

/// Creates a machine, starts it, runs one command in it and deletes it in every case.
struct RunMachine {
  static constexpr Method kMethod{"vm.run"};
  using Reply = MachineExecResult;
  std::string environment;
  std::string command;
  std::uint32_t vcpu_count = 1;
  std::uint32_t mem_mib = 1024;
  std::uint32_t timeout_seconds = 30;
  std::uint32_t ttl_seconds = 600;
  bool network = false;
  std::optional<NetworkRules> network_rules;
  std::optional<bool> package_cache;
  bool allow_host_compat = false;
  BootPolicy boot = BootPolicy::kAuto;
  std::optional<std::string> output_socket;

  template <class Fields>
  static void describe(Fields& f) {
    describe_new_machine<RunMachine>(f);
    f("command", &RunMachine::command, "Shell command.", kRequired, kPositional, kCommandLimit);
    f("timeout_seconds", &RunMachine::timeout_seconds, "Seconds until the command is killed.",
      kPositive, kTimeoutRange);
    f("output_socket", &RunMachine::output_socket,
      "Unix socket for the live output; stdout and stderr of the reply are then empty.", kHidden);
  }
};

/// Boots a created or stopped machine and returns once its agent has answered.
struct StartMachine {
  static constexpr Method kMethod{"vm.start"};
  using Reply = Machine;
  std::string vm_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &StartMachine::vm_id, "Machine to start.", kRequired, kPositional, max_length(64));
  }
};

/// Ends the guest and keeps its disks. Stopping a machine that is not started changes nothing.
struct StopMachine {
  static constexpr Method kMethod{"vm.stop", Idempotent::kYes};
  using Reply = Machine;
  std::string vm_id;
  bool set_aside = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &StopMachine::vm_id, "Machine to stop.", kRequired, kPositional, max_length(64));
    f("set_aside", &StopMachine::set_aside, "It does not count as active until it is started.",
      kHidden);
  }
};

/// Ends the guest, also in the middle of an exec, and removes every trace of it.
struct DeleteMachine {
  static constexpr Method kMethod{"vm.delete"};
  using Reply = Cleanup;
  std::string vm_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &DeleteMachine::vm_id, "Machine to delete.", kRequired, kPositional, max_length(64));
  }
};

struct MachineStatus {
  static constexpr Method kMethod{"vm.status", Idempotent::kYes};
  using Reply = Machine;
  std::string vm_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &MachineStatus::vm_id, "Machine to describe.", kRequired, kPositional,
      max_length(64));
  }
};

struct MachineNetwork {
  std::string vm_id;
  bool network_enabled = false;
  bool outbound_connectivity_expected = false;
  std::optional<std::string> tap_name;
  std::optional<std::string> guest_ip;
  std::optional<std::string> gateway_ip;
  std::optional<std::string> subnet_cidr;
  std::optional<std::string> mac_address;
  std::vector<std::string> dns_servers;
  std::optional<std::string> reason;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &MachineNetwork::vm_id, "The machine.");
    f("network_enabled", &MachineNetwork::network_enabled, "Whether it has a way out.");
    f("outbound_connectivity_expected", &MachineNetwork::outbound_connectivity_expected,
      "Whether connections to the outside should work.");
    f("tap_name", &MachineNetwork::tap_name, "Its tap device.");
    f("guest_ip", &MachineNetwork::guest_ip, "Its address.");
    f("gateway_ip", &MachineNetwork::gateway_ip, "Its gateway.");
    f("subnet_cidr", &MachineNetwork::subnet_cidr, "Its subnet.");
    f("mac_address", &MachineNetwork::mac_address, "Address of its network card.");
    f("dns_servers", &MachineNetwork::dns_servers, "Its name servers.");
    f("reason", &MachineNetwork::reason, "Why it has no network.");
  }
};

struct MachineNetworkInfo {
  static constexpr Method kMethod{"vm.network_info", Idempotent::kYes};
  using Reply = MachineNetwork;
  std::string vm_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &MachineNetworkInfo::vm_id, "Machine to describe.", kRequired, kPositional,
      max_length(64));
  }
};

/// Changes what a machine's guest may reach; of a started one at once, also for open connections.
/// An Error of the gate's: the policy is as before; it takes no such policy, or none starts here.
struct SetMachineNetwork {
  static constexpr Method kMethod{"vm.set_network", Idempotent::kYes};
  using Reply = MachineNetwork;
  std::string vm_id;
  NetworkRules rules;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &SetMachineNetwork::vm_id, "Machine to change.", kRequired, kPositional,
      max_length(64));
    f("rules", &SetMachineNetwork::rules, "What its guest may reach from now on.", kRequired);
  }
};

struct ReapResult {
  std::vector<std::string> deleted_vm_ids;
  std::uint32_t count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("deleted_vm_ids", &ReapResult::deleted_vm_ids, "Machines that were past their lifetime.");
    f("count", &ReapResult::count, "How many.");
  }
};

/// Deletes the machines past their lifetime now; the service also does so by itself.
struct ReapExpired {
  static constexpr Method kMethod{"vm.reap_expired", Idempotent::kYes};
  using Reply = ReapResult;

  template <class Fields>
  static void describe(Fields&) {}
};

/// Gives a started machine of a workspace its volume, copied onto its blank workspace disk, and has
/// the guest mount it, now and at each later start. Once per machine.
/// failed_precondition: the machine is not started, or has a volume.
struct MountVolume {
  static constexpr Method kMethod{"vm.mount_volume"};
  using Reply = Machine;
  std::string vm_id;
  std::string volume;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &MountVolume::vm_id, "The machine.", kRequired, max_length(64));
    f("volume", &MountVolume::volume, "Path of the volume to copy.", kRequired);
  }
};

struct WorkspaceMachine {
  std::string workspace_id;
  Machine machine;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &WorkspaceMachine::workspace_id, "The workspace.");
    f("machine", &WorkspaceMachine::machine, "Its machine.");
  }
};

struct WorkspaceMachines {
  std::vector<WorkspaceMachine> machines;

  template <class Fields>
  static void describe(Fields& f) {
    f("machines", &WorkspaceMachines::machines, "In no order.");
  }
};

/// The machines that were made for workspaces.
struct ListWorkspaceMachines {
  static constexpr Method kMethod{"vm.list_workspace_machines", Idempotent::kYes};
  using Reply = WorkspaceMachines;

  template <class Fields>
  static void describe(Fields&) {}
};

/// The means of this host to run machines.
struct HostCapabilities {
  bool guest_boot_available = false;
  std::string accelerator;
  std::string accelerator_reason;
  bool kvm_opens = false;
  std::optional<double> kvm_probed_at;
  std::optional<std::uint32_t> kvm_probe_seconds;
  std::optional<std::string> unavailable_reason;
  std::optional<std::string> vmm_path;
  std::optional<std::string> vmm_version;
  std::string confinement;
  std::string confinement_reason;
  bool network_available = false;
  std::string network_reason;
  std::string network_message;
  bool network_honest = false;
  bool host_compat_sandboxed = false;
  std::uint32_t active_machines = 0;
  std::uint32_t max_active = 8;

  template <class Fields>
  static void describe(Fields& f) {
    f("guest_boot_available", &HostCapabilities::guest_boot_available, "Whether guests can boot.");
    f("accelerator", &HostCapabilities::accelerator, "kvm or tcg; empty when no guest can boot.");
    f("accelerator_reason", &HostCapabilities::accelerator_reason, "Why that one.");
    f("kvm_opens", &HostCapabilities::kvm_opens, "Whether the service may use /dev/kvm.");
    f("kvm_probed_at", &HostCapabilities::kvm_probed_at,
      "When a guest was last booted with KVM to find that out, in seconds since the epoch.");
    f("kvm_probe_seconds", &HostCapabilities::kvm_probe_seconds, "How long that guest was given.");
    f("unavailable_reason", &HostCapabilities::unavailable_reason, "Why no guest can boot.");
    f("vmm_path", &HostCapabilities::vmm_path, "The VMM's program.");
    f("vmm_version", &HostCapabilities::vmm_version, "Its version.");
    f("confinement", &HostCapabilities::confinement,
      "How a VMM is shut in: full, namespaces, landlock, seccomp or off; empty when no guest can "
      "boot.");
    f("confinement_reason", &HostCapabilities::confinement_reason,
      "Why it is not full; empty if it is.");
    f("network_available", &HostCapabilities::network_available,
      "Whether machines can be given a network.");
    f("network_reason", &HostCapabilities::network_reason, "Why not, by name.");
    f("network_message", &HostCapabilities::network_message,
      "The same as a sentence, with the way "
      "out.");
    f("network_honest", &HostCapabilities::network_honest,
      "Whether a guest's connect() fails as it would outside, or after it seemed to succeed.");
    f("host_compat_sandboxed", &HostCapabilities::host_compat_sandboxed,
      "Whether bubblewrap is there for host compatibility mode.");
    f("active_machines", &HostCapabilities::active_machines, "Machines that exist now.");
    f("max_active", &HostCapabilities::max_active, "How many may exist at once.");
  }
};

/// Probes what was not probed yet; `reprobe` probes a negative accelerator again, at length.
struct GetCapabilities {
  static constexpr Method kMethod{"vm.capabilities", Idempotent::kYes};
  using Reply = HostCapabilities;
  bool reprobe = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("reprobe", &GetCapabilities::reprobe, "Probe a negative accelerator again.");
  }
};

using MachineApi = Api<CreateMachine, StartMachine, ExecMachine, RunMachine, StopMachine,
                       DeleteMachine, MachineStatus, MachineNetworkInfo, SetMachineNetwork,
                       MountVolume, ListWorkspaceMachines, ReapExpired, GetCapabilities>;

}  // namespace pyro::api
