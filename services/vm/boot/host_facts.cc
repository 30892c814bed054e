#include "services/vm/boot/host_facts.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include <cstdlib>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"

namespace pyro::vm {
namespace {

/// Kernel files say that they are empty and are not.
std::string read_kernel_file(const std::filesystem::path& path) {
  return read_to_end(open_file(path, O_RDONLY).get(), 4U << 20U);
}

}  // namespace

std::string host_boot_id() {
  return std::string(trim(read_file("/proc/sys/kernel/random/boot_id", 64)));
}

std::string host_kernel_release() {
  utsname names{};
  ::uname(&names);
  return names.release;
}

HostMemory host_memory() {
  constexpr double kKibInMib = 1024;
  HostMemory memory;
  for (const auto& line : split(read_kernel_file("/proc/meminfo"), '\n')) {
    if (line.starts_with("MemTotal:"))
      memory.total = std::strtod(line.c_str() + 9, nullptr) / kKibInMib;
    if (line.starts_with("MemAvailable:")) {
      memory.available = std::strtod(line.c_str() + 13, nullptr) / kKibInMib;
    }
  }
  return memory;
}

void require_memory(const HostMemory& host, std::uint32_t mem_mib, std::uint32_t keep_mib) {
  if (host.total == 0 ||
      host.available >= static_cast<double>(mem_mib) + static_cast<double>(keep_mib))
    return;
  throw resource_exhausted(
      reason::kMemoryShort,
      "the host has {:.0f} MiB of memory available, and a machine of {} MiB is to leave {} "
      "(limits.keep_free_memory_mib): use less mem_mib, or stop machines or programs of the host",
      host.available, mem_mib, keep_mib);
}

bool on_battery(const std::filesystem::path& directory) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    const auto says = [&entry](const char* file, std::string_view text) {
      try {
        return trim(read_kernel_file(entry.path() / file)) == text;
      } catch (const Error&) {
        return false;  // it has no such file, or was pulled out meanwhile
      }
    };
    if (says("type", "Battery") && says("status", "Discharging")) return true;
  }
  return false;
}

}  // namespace pyro::vm
