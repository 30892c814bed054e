#pragma once

#include <filesystem>
#include <string>

namespace pyro::vm {

/// The id of this boot of the host: probe results hold until the next one.
std::string host_boot_id();

/// `uname -r`
std::string host_kernel_release();

/// The share of available memory, 0 to 1 (MemAvailable of /proc/meminfo).
double available_memory_share();

/// Whether a battery feeds this machine now. `directory` is /sys/class/power_supply.
bool on_battery(const std::filesystem::path& directory = "/sys/class/power_supply");

}  // namespace pyro::vm
