#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace pyro::vm {

/// The id of this boot of the host: probe results hold until the next one.
std::string host_boot_id();

/// `uname -r`
std::string host_kernel_release();

/// In MiB, MemTotal and MemAvailable of /proc/meminfo; 0: the kernel does not say.
struct HostMemory {
  double total = 0;
  double available = 0;

  double share() const { return total > 0 ? available / total : 0; }
};
HostMemory host_memory();

/// resource_exhausted (memory_short): a machine of `mem_mib` would leave less than `keep_mib`, if
/// it used all of it.
void require_memory(const HostMemory& host, std::uint32_t mem_mib, std::uint32_t keep_mib);

/// Whether a battery feeds this machine now. `directory` is /sys/class/power_supply.
bool on_battery(const std::filesystem::path& directory = "/sys/class/power_supply");

}  // namespace pyro::vm
