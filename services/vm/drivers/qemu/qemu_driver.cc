#include "services/vm/drivers/qemu/qemu_driver.h"

#include <fcntl.h>

#include "common/api/environment.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/text.h"
#include "services/vm/drivers/disks.h"
#include "services/vm/drivers/host_cpu.h"
#include "services/vm/drivers/initramfs.h"
#include "services/vm/drivers/link_fd.h"
#include "services/vm/drivers/qemu/tsc.h"

namespace pyro::vm::qemu {
namespace {

namespace fs = std::filesystem;

/// Removes the rest of a start that was cut short.
void remove_disks(const MachinePaths& paths) {
  fs::remove(paths.system_disk());
  fs::remove(paths.workspace_disk());
}

/// A created machine gets new disks; a stopped one must still have its own.
void ensure_disks(const api::Machine& machine, const fs::path& cache_dir,
                  const MachinePaths& paths) {
  if (machine.state == api::MachineState::kCreated) {
    remove_disks(paths);
    make_system_disk(cache_dir, paths.system_disk());
    make_blank_workspace_disk(paths.workspace_disk());
  } else if (!fs::exists(paths.system_disk()) || !fs::exists(paths.workspace_disk())) {
    throw failed_precondition(reason::kMachineLost, "the disks of vm {} are gone: delete it",
                              machine.vm_id);
  }
}

/// The processor and the rate of its clock, which a restored guest takes for granted. To 25 MHz: a
/// measurement is off by far less, and the rates of processors are further apart.
std::string host_clock_and_cpu() {
  constexpr std::uint64_t kStepKhz = 25000;
  static const std::string text =
      fmt::format("{}, TSC about {} MHz", host_cpu(),
                  (host_tsc_khz() + kStepKhz / 2) / kStepKhz * (kStepKhz / 1000));
  return text;
}

}  // namespace

Plan QemuDriver::plan_for(const api::BootFiles& boot) const {
  Plan plan{.program = options_.program,
            .accelerator = options_.accelerator,
            .kernel = boot.kernel_path,
            .initramfs = ensure_initramfs(options_.cache_dir, options_.agent, boot)};
  if (plan.accelerator == Accelerator::kTcg) plan.tsc_khz = host_tsc_khz();
  return plan;
}

Plan QemuDriver::plan_for(const api::Machine& machine, const api::BootFiles& boot,
                          const MachinePaths& paths) const {
  Plan plan = plan_for(boot);
  plan.vcpu_count = machine.vcpu_count;
  plan.mem_mib = machine.mem_mib;
  plan.disks = Disks{.rootfs = boot.rootfs_path,
                     .system = paths.system_disk(),
                     .workspace = paths.workspace_disk()};
  return plan;
}

Launch QemuDriver::launch(const Plan& plan, std::string_view boot_mode) const {
  std::map<std::string, std::string> metadata = {
      {"boot_mode", std::string(boot_mode)},
      {"vmm", "qemu"},
      {"accelerator", to_string(plan.accelerator)},
      {"confinement", std::string(api::name_of(options_.confinement))}};
  if (!options_.accelerator_reason.empty()) {
    metadata[std::string(kAcceleratorReason)] = options_.accelerator_reason;
  }
  // Its guest is powered off first, by the shim.
  return {.argv = command_line(plan),
          .has_monitor = true,
          .has_console = true,
          .ends_by_signals = false,
          .confinement = confinement(plan, options_.confinement),
          .execution_mode = api::ExecutionMode::kGuestSerial,
          .metadata = std::move(metadata)};
}

Launch QemuDriver::prepare(const api::Machine& machine, const api::BootFiles& boot,
                           const MachinePaths& paths) {
  ensure_disks(machine, options_.cache_dir, paths);
  return launch(plan_for(machine, boot, paths), "cold");
}

std::optional<TemplateShape> QemuDriver::shape_of(const api::Machine& machine,
                                                  const api::BootFiles& boot) const {
  // The same words for every machine of the shape: without its paths, and without the clock rate,
  // which is measured and never twice the same.
  Plan plan = plan_for(machine, boot, MachinePaths::nowhere());
  const std::string initramfs = plan.initramfs.filename();
  plan.program.clear();
  plan.kernel.clear();
  plan.initramfs.clear();
  plan.disks->rootfs.clear();
  plan.tsc_khz.reset();
  return TemplateShape{.environment_digest = boot.environment_digest,
                       .kernel_digest = fs::path(boot.kernel_path).parent_path().filename(),
                       .initramfs = initramfs,
                       .vcpu_count = plan.vcpu_count,
                       .mem_mib = plan.mem_mib,
                       .accelerator = to_string(plan.accelerator),
                       .vmm_version = options_.version,
                       .host_cpu = host_clock_and_cpu(),
                       .command_line = fmt::format("{} on {}", shell_join(command_line(plan)),
                                                   system_disk_recipe())};
}

Launch QemuDriver::prepare_template(const api::Machine& machine, const api::BootFiles& boot,
                                    const MachinePaths& paths, const TemplateFiles& files) {
  ensure_disks(machine, options_.cache_dir, paths);
  Plan plan = plan_for(machine, boot, paths);
  plan.memory = MemoryFile{.path = files.memory, .use = MemoryFile::Use::kMade};
  return launch(plan, "cold");
}

Launch QemuDriver::prepare_restore(const api::Machine& machine, const api::BootFiles& boot,
                                   const MachinePaths& paths, const TemplateFiles& files) {
  remove_disks(paths);
  copy_sparse(files.system_disk, paths.system_disk());
  make_blank_workspace_disk(paths.workspace_disk());
  Plan plan = plan_for(machine, boot, paths);
  plan.memory =
      MemoryFile{.path = files.memory,
                 .use = can_map_read_only(options_.version) ? MemoryFile::Use::kCopiedReadOnly
                                                            : MemoryFile::Use::kCopied};
  Launch made = launch(plan, "warm");
  made.descriptors.emplace_back(kStateFd, open_file(files.state, O_RDONLY));
  made.restored = true;
  return made;
}

Launch QemuDriver::prepare_probe(const api::BootFiles& boot) const {
  const Plan plan = plan_for(boot);
  return {.argv = command_line(plan),
          .has_console = true,
          .confinement = confinement(plan, options_.confinement)};
}

}  // namespace pyro::vm::qemu
