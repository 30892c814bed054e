#include "services/vm/boot/boot_leases.h"

namespace pyro::vm {

std::vector<DirectoryLease> take_boot_leases(const api::BootFiles& boot) {
  std::vector<DirectoryLease> leases;
  for (const std::filesystem::path path : {boot.rootfs_path, boot.kernel_path}) {
    if (!path.empty()) leases.push_back(DirectoryLease::take(path.parent_path()));
  }
  return leases;
}

}  // namespace pyro::vm
