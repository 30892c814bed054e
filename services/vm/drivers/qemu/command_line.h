#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/confinement/confinement_plan.h"
#include "services/vm/drivers/accelerator.h"

namespace pyro::vm::qemu {

/// The disks of a machine, in the order of the guest's devices.
struct Disks {
  std::filesystem::path rootfs;     ///< read-only, shared
  std::filesystem::path system;     ///< the overlay's upper layer
  std::filesystem::path workspace;  ///< the workspace volume, sparse and blank for a one-shot
};

/// The file that holds a guest's memory.
struct MemoryFile {
  enum class Use {
    kMade,            ///< the guest's writes go to the file: it becomes a template's
    kCopied,          ///< a template's, mapped privately: the guest's writes remain its own
    kCopiedReadOnly,  ///< the same, but the VMM cannot write to the file (QEMU from 8.2 on)
  };
  std::filesystem::path path;
  Use use = Use::kCopied;
  bool restored() const { return use != Use::kMade; }
};

/// Everything that shapes one QEMU process.
struct Plan {
  std::string program;
  Accelerator accelerator = Accelerator::kTcg;
  std::uint32_t vcpu_count = 1;
  std::uint32_t mem_mib = 1024;
  std::filesystem::path kernel;
  std::filesystem::path initramfs;
  /// None: anonymous memory. With a template's file the guest does not boot, but waits for a
  /// restore from kStateFd; that memory already holds kernel and initramfs.
  std::optional<MemoryFile> memory{};
  /// None: a guest that only proves its boot. Any other has a monitor (QMP) on kMonitorFd.
  std::optional<Disks> disks{};
  /// The host's TSC rate. Without it the kernel calibrates its TSC against the PIT under TCG, which
  /// a busy host spoils: one boot in five hung without a timer.
  std::optional<std::uint64_t> tsc_khz{};
};

/// Whether a QEMU of that `--version` can map a file privately without write access.
bool can_map_read_only(std::string_view version);

/// QEMU's arguments for `plan`. Pure: the same plan gives the same arguments.
std::vector<std::string> command_line(const Plan& plan);

/// Every file that QEMU opens for `plan`, confined in `form`. Looks at what QEMU's installation
/// has on this host.
ConfinementPlan confinement(const Plan& plan, ConfinementForm form);

}  // namespace pyro::vm::qemu
