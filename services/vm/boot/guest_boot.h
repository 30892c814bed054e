#pragma once

#include <filesystem>

#include "common/guest/machine_paths.h"
#include "common/work/work.h"
#include "services/vm/boot/guest_limits.h"
#include "services/vm/boot/shim_process.h"
#include "services/vm/drivers/driver.h"

namespace pyro::vm {

/// How long to wait for a guest.
struct BootLimits {
  Limit answer;  ///< per try
  int tries = 2;
};

/// Starts the machine's shim, which takes over the launch's descriptors, and returns once the agent
/// has answered. Kills a guest that ends or does not answer in time, and tries once more. The last
/// try's error keeps its code: kUnavailable, the guest ended; kDeadlineExceeded, the limit ended
/// it, which its text names. It has the tail of the console.
ShimProcess boot_guest(const std::filesystem::path& shim_program, Launch& launch,
                       const MachinePaths& paths, const BootLimits& limits, const Work& work);

/// Gives a booted or restored guest the host's time (within 50 ms), fresh randomness and the name
/// `vm_id`.
void personalize_guest(const MachinePaths& paths, const std::string& vm_id, const Limit& limit,
                       const Work& work);

/// Rehearses a first caller's likely work in an unused guest, so that it is in memory: gives it a
/// name of no machine and runs `command`. Leaves no trace.
void rehearse(const MachinePaths& paths, const std::string& command, const GuestLimits& limits,
              const Work& work);

/// The same with the workspace disk, which holds a file system for it: mounts it, writes and reads
/// a file, and unmounts it.
void rehearse_workspace(const MachinePaths& paths, const Limit& limit, const Work& work);

/// Makes the guest show the volume on its workspace disk at /workspace.
void mount_workspace(const MachinePaths& paths, const Limit& limit, const Work& work);

}  // namespace pyro::vm
