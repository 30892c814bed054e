#include "services/vm/drivers/qemu/qemu_driver.h"

#include "common/base/error.h"
#include "services/vm/disks.h"
#include "services/vm/drivers/qemu/tsc.h"
#include "services/vm/initramfs.h"

namespace pyro::vm::qemu {
namespace {

namespace fs = std::filesystem;

/// A created machine gets new disks; a stopped one must still have its own.
void ensure_disks(const MachineRecord& record, const fs::path& cache_dir, const Disks& disks) {
  const bool first_start = record.machine.state == api::MachineState::kCreated;
  if (first_start) {
    // What a start that was cut short left behind.
    fs::remove(disks.system);
    fs::remove(disks.workspace);
    make_system_disk(cache_dir, disks.system);
    make_blank_workspace_disk(disks.workspace);
  } else if (!fs::exists(disks.system) || !fs::exists(disks.workspace)) {
    throw failed_precondition("the disks of vm {} are gone: delete it", record.machine.vm_id);
  }
}

}  // namespace

Plan QemuDriver::plan_for(const api::BootFiles& boot, const MachinePaths& paths) const {
  Plan plan{.program = options_.program,
            .accelerator = options_.accelerator.accelerator,
            .kernel = boot.kernel_path,
            .initramfs = ensure_initramfs(options_.cache_dir, options_.agent, boot),
            .console_log = paths.console_log()};
  if (plan.accelerator == Accelerator::kTcg) plan.tsc_khz = host_tsc_khz();
  return plan;
}

Launch QemuDriver::prepare(const MachineRecord& record, const MachinePaths& paths) {
  Plan plan = plan_for(record.boot, paths);
  plan.vcpu_count = record.machine.vcpu_count;
  plan.mem_mib = record.machine.mem_mib;
  plan.disks = Disks{.rootfs = record.boot.rootfs_path,
                     .system = paths.system_disk(),
                     .workspace = paths.workspace_disk()};
  ensure_disks(record, options_.cache_dir, *plan.disks);
  return {
      .argv = command_line(plan),
      .execution_mode = api::ExecutionMode::kGuestSerial,
      .metadata = {
          {"boot_mode", "cold"}, {"vmm", "qemu"}, {"accelerator", to_string(plan.accelerator)}}};
}

Launch QemuDriver::prepare_probe(const api::BootFiles& boot, const MachinePaths& paths) const {
  return {.argv = command_line(plan_for(boot, paths))};
}

}  // namespace pyro::vm::qemu
