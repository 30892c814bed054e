#pragma once

#include "common/base/unique_fd.h"

namespace pyro {

/// Blocks SIGINT, SIGTERM and SIGHUP in this thread and those it starts, ignores SIGPIPE, and
/// returns a signalfd for the blocked ones.
/// Call it before making any zmq::context_t: cppzmq throws on EINTR.
UniqueFd block_termination_signals();

/// The number of a pending signal on a descriptor of block_termination_signals, or 0.
int take_signal(int signal_fd);

}  // namespace pyro
