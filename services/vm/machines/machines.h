#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/api/disks.h"
#include "common/api/machine.h"
#include "common/config/config.h"
#include "common/ownership/owned_directories.h"
#include "common/reaper/reaper.h"
#include "common/work/live.h"
#include "common/work/work.h"
#include "services/vm/boot/guest_exec.h"
#include "services/vm/machines/guest_starter.h"
#include "services/vm/machines/live_machine.h"
#include "services/vm/machines/machine_table.h"
#include "services/vm/machines/machine_watch.h"
#include "services/vm/templates/warmer.h"

namespace pyro::vm {

/// Why a machine is deleted: the `cleanup` of the reply.
inline constexpr std::string_view kExplicitDelete = "explicit_delete";
inline constexpr std::string_view kPostExecCleanup = "post_exec_cleanup";
inline constexpr std::string_view kRunErrorCleanup = "run_vm_error_cleanup";

/// How an exec ended.
struct ExecOutcome {
  MachineRecord record;
  api::agent::Job job;
  std::vector<api::EgressDenied> egress_denied{};
};

/// The machines of this host, and every operation on one. A kill of this process at any point
/// leaves the old state or the new one, plus garbage that `recover` collects.
class Machines {
 public:
  struct Options {
    Paths paths;
    OwnedDirectories directories;
    LimitsConfig limits;
    Limit mount;    ///< of a volume
    Limit network;  ///< of a machine's network
  };

  Machines(Registry& registry, Options options, GuestStarter& starter, Warmer& warmer);

  /// Adopts running machines, ends those without a caller, removes what this registry made and no
  /// record names. Call it once, before the first call.
  void recover();
  /// The ids of those whose record cannot be read.
  std::vector<std::string> unreadable() const;
  /// Records a machine again whose directory exists; stopped.
  void adopt(MachineRecord record);

  /// `record` describes the machine; this sets its id and times.
  MachineRecord create(MachineRecord record);
  api::Machine start(const std::string& vm_id, const Work& caller);
  /// Runs the machine's single command and deletes the machine, even after a failure. Refuses, and
  /// changes nothing, unless the machine is started.
  ExecOutcome exec(const api::ExecMachine& request, const OutputSink& output, const Work& work);
  /// Copies `volume` onto a workspace machine's blank disk and makes the guest mount it.
  api::Machine mount_volume(const std::string& vm_id, const std::filesystem::path& volume,
                            const Work& work);
  /// First the record, then the guest: killed in between, the next start of the service completes
  /// it. What the gate refuses is taken back.
  void set_network(const std::string& vm_id, const api::NetworkRules& rules, const Work& work);
  api::MachineNetwork network_info(const std::string& vm_id, const Work& work);
  api::WorkspaceMachines of_workspaces() const;
  /// Whether it still counts as active then.
  enum class AfterStop { kCount, kSetAside };
  api::Machine stop(const std::string& vm_id, AfterStop after = AfterStop::kCount);
  api::Cleanup remove(const std::string& vm_id, std::string_view reason);
  api::Machine status(const std::string& vm_id);
  /// Of a machine that does not run.
  api::DiskPaths disks(const std::string& vm_id) const;
  api::ReapResult reap_expired();
  /// Before the stack ends; deletes machines of a single command.
  void stop_all();
  std::uint32_t count() const { return table_.count(); }
  std::uint32_t started_count() const;
  std::uint32_t max_active() const { return table_.max_active(); }

 private:
  MachinePaths paths_of(const std::string& vm_id) const { return {options_.paths, vm_id}; }
  /// Nothing is recorded of it: that its row cannot be read stays so.
  void stop_unreadable(const std::string& vm_id);
  void end_guest(const std::string& vm_id, LiveMachine& live);
  void erase(const std::string& vm_id, LiveMachine& live, bool expired);
  void set_aside(const std::string& vm_id);
  void restore_network(const MachineRecord& record);
  void guest_ended(const std::string& vm_id);
  void recover_one(const MachineRecord& record);
  void collect_garbage();

  Options options_;
  GuestStarter& starter_;
  Warmer& warmer_;
  MachineTable table_;
  Live<LiveMachine> live_;
  MachineWatch watch_;
  std::optional<Reaper> reaper_;
};

}  // namespace pyro::vm
