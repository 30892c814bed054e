#pragma once

#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"

namespace pyro::agent {

/// Held by pid 1 once the machine is up.
struct BootedGuest {
  UniqueFd port;                  ///< the virtio port named pyro.agent
  UniqueFd jobs_directory;        ///< on the system disk, outside of what the guest sees
  std::vector<UniqueFd> volumes;  ///< file systems to bring to rest at power off
};

/// From the initramfs to the machine's own root: kernel modules, the link's port, and, unless
/// `pyro.probe` is on the kernel's command line, the overlay of rootfs (vda, read-only) and system
/// disk (vdb), entered as switch_root(8) does.
BootedGuest boot();

/// One line on the console, and a reset, which ends the VMM. Does not come back.
[[noreturn]] void give_up_boot(std::string_view reason);

}  // namespace pyro::agent
