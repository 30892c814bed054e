#pragma once

#include <filesystem>
#include <functional>

#include "services/vm/shim/shim_spec.h"

namespace pyro::vm {

/// Keeps one machine alive while services restart: owns the VMM process and serves the guest link
/// on a unix socket. It and its VMM end together; returns after the VMM is gone. `ready` is called
/// once the VMM runs and the socket listens. Call it on the main thread: the kernel kills the VMM
/// when the thread that started it ends.
///
/// A host that shuts down or logs its user out sends SIGTERM, SIGHUP or SIGINT: the shim then
/// powers the guest off, which loses nothing. kEndAtOnce ends the VMM at once, kServeAgain makes a
/// vanished socket anew.
///
/// It holds the lock `shim.lock` in the machine's `directory`, with its pid: two VMMs on one disk
/// would destroy it, and who has lost the socket finds the shim by it.
void run_shim(const ShimSpec& spec, const std::filesystem::path& directory,
              const std::function<void()>& ready);

}  // namespace pyro::vm
