#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    kCopiedReadOnly,  ///< the same, and the VMM cannot write to the file (QEMU from 8.2 on)
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
  std::filesystem::path console_log;
  /// None: anonymous memory. With a file there is a monitor (QMP) on kMonitorFd. With a template's
  /// the guest is not booted but waits to be restored from what kStateFd reads; kernel and
  /// initramfs are in that memory already.
  std::optional<MemoryFile> memory{};
  std::optional<Disks> disks{};  ///< none: a guest that only proves that it boots
  /// The host's TSC rate. Under TCG the kernel otherwise calibrates its TSC against the PIT, which
  /// a busy host spoils: one boot in five then hung without a timer.
  std::optional<std::uint64_t> tsc_khz{};
};

/// The descriptors on which QEMU finds its monitor's other end and the state to restore.
inline constexpr int kMonitorFd = 4;
inline constexpr int kStateFd = 5;

/// Whether a QEMU of that `--version` can map a file privately without a way to write to it.
bool can_map_read_only(std::string_view version);

/// QEMU's words for `plan`. Pure: the same plan gives the same words.
std::vector<std::string> command_line(const Plan& plan);

}  // namespace pyro::vm::qemu
