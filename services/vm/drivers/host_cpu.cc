#include "services/vm/drivers/host_cpu.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <string_view>

#include "common/base/files.h"
#include "common/base/text.h"
#include "common/digest/sha256.h"

namespace pyro::vm {

std::string host_cpu() {
  // It says that it is empty and is not.
  const std::string cpuinfo = read_to_end(open_file("/proc/cpuinfo", O_RDONLY).get(), 4U << 20U);
  std::string model = "unknown";
  std::string flags;
  for (const auto& line : split(cpuinfo, '\n')) {
    if (line.empty()) break;  // the other processors are alike
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view name = trim(std::string_view(line).substr(0, colon));
    const std::string_view value = trim(std::string_view(line).substr(colon + 1));
    if (name == "model name") model = value;
    if (name == "flags") flags = value;
  }
  return fmt::format("{} ({})", model, sha256_of_text(flags).substr(0, 12));
}

}  // namespace pyro::vm
