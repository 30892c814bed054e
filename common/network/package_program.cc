#include "common/network/package_program.h"

#include "common/base/reasons/network.h"
#include "common/process/child_process.h"

namespace pyro::network {

std::optional<std::filesystem::path> package_cache_program(const std::string& setting) {
  return find_program(setting);
}

Error no_package_cache(const std::string& setting) {
  return failed_precondition(
      reason::kPackageCacheMissing,
      "the package cache needs nginx, and '{}' is not installed: `sudo apt-get install "
      "nginx-light`, and `sudo systemctl disable --now nginx` if you want no web server of the "
      "host's own (pyro uses neither its service nor its settings)",
      setting);
}

}  // namespace pyro::network
