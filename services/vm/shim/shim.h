#pragma once

#include <functional>

#include "services/vm/shim/shim_spec.h"

namespace pyro::vm {

/// Keeps one machine alive while services restart: owns the VMM process and serves the guest link
/// on a unix socket. It and its VMM end together; returns after the VMM is gone. `ready` is called
/// once the VMM runs and the socket listens. Call it on the main thread: the kernel kills the VMM
/// when the thread that started it ends.
///
/// A host that shuts down or logs its user out sends SIGTERM, SIGHUP or SIGINT: the shim then
/// powers the guest off, which loses nothing. SIGUSR1 ends the VMM at once.
void run_shim(const ShimSpec& spec, const std::function<void()>& ready);

}  // namespace pyro::vm
