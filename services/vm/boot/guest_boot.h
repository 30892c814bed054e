#pragma once

#include <chrono>
#include <filesystem>

#include "common/guest/machine_paths.h"
#include "common/work/work.h"
#include "services/vm/boot/shim_process.h"
#include "services/vm/drivers/driver.h"

namespace pyro::vm {

/// How a guest is waited for.
struct BootLimits {
  std::chrono::seconds answer{60};  ///< per try
  int tries = 2;
};

/// Starts the machine's shim, which takes over the launch's descriptors, and returns once the agent
/// in it has answered. A guest that does not answer in time, or ends, is killed and tried once
/// more; the error then has its console's tail.
ShimProcess boot_guest(const std::filesystem::path& shim_program, Launch& launch,
                       const MachinePaths& paths, const BootLimits& limits, const Work& work);

/// Gives a freshly booted or restored guest the host's time, to 50 ms, fresh randomness and the
/// name `vm_id`.
void personalize_guest(const MachinePaths& paths, const std::string& vm_id, const Work& work);

/// Lets an unused guest go once through its first caller's likely work, so that this is in its
/// memory: it gets a name of no machine and runs `command`. It leaves nothing behind.
void rehearse(const MachinePaths& paths, const std::string& command, const Work& work);

/// The same with the workspace disk, which holds a file system to rehearse with: it is mounted, a
/// file is written and read, and it is let go.
void rehearse_workspace(const MachinePaths& paths, const Work& work);

/// Has the guest show the volume on its workspace disk at /workspace.
void mount_workspace(const MachinePaths& paths, const Work& work);

}  // namespace pyro::vm
