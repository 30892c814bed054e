#include "services/vm/boot/host_facts.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include <cstdlib>

#include "common/base/error.h"
#include "common/base/files.h"
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

double available_memory_share() {
  double total = 0;
  double available = 0;
  for (const auto& line : split(read_kernel_file("/proc/meminfo"), '\n')) {
    if (line.starts_with("MemTotal:")) total = std::strtod(line.c_str() + 9, nullptr);
    if (line.starts_with("MemAvailable:")) available = std::strtod(line.c_str() + 13, nullptr);
  }
  return total > 0 ? available / total : 0;
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
