#pragma once

#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"

namespace pyro::agent {

/// What pid 1 holds once the machine is up.
struct BootedGuest {
  UniqueFd port;                  ///< the virtio port named pyro.agent
  UniqueFd jobs_directory;        ///< on the system disk, invisible to the guest
  std::vector<UniqueFd> volumes;  ///< file systems to freeze at power off
};

/// Boots from the initramfs to the machine's own root: loads kernel modules, opens the link's port,
/// and, without `pyro.probe` on the kernel's command line, enters the overlay of rootfs (vda,
/// read-only) and system disk (vdb), as switch_root(8) does.
BootedGuest boot();

/// Writes one line on the console, then resets, which ends the VMM.
[[noreturn]] void give_up_boot(std::string_view reason);

}  // namespace pyro::agent
