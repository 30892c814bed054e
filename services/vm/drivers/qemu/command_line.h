#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pyro::vm::qemu {

enum class Accelerator { kKvm, kTcg };

/// `kvm`, `tcg`: QEMU's own names, and metadata.accelerator.
std::string to_string(Accelerator accelerator);

/// The disks of a machine, in the order of the guest's devices.
struct Disks {
  std::filesystem::path rootfs;     ///< read-only, shared
  std::filesystem::path system;     ///< the overlay's upper layer
  std::filesystem::path workspace;  ///< the workspace volume, sparse and blank for a one-shot
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
  std::optional<Disks> disks;  ///< none: a guest that only proves that it boots
  /// The host's TSC rate. Under TCG the kernel otherwise calibrates its TSC against the PIT, which
  /// a busy host spoils: one boot in five then hung without a timer.
  std::optional<std::uint64_t> tsc_khz;
};

/// QEMU's words for `plan`. Pure: the same plan gives the same words.
std::vector<std::string> command_line(const Plan& plan);

}  // namespace pyro::vm::qemu
