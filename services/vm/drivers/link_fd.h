#pragma once

namespace pyro::vm {

/// The descriptor of the guest link in the VMM or in the host-mode agent.
inline constexpr int kLinkFd = 3;

/// The descriptor of the VMM's end of its monitor, where it has one: a socket.
inline constexpr int kMonitorFd = 4;

/// The descriptor of the state that a VMM restores.
inline constexpr int kStateFd = 5;

/// The descriptor of the guest's console in a VMM that has one: a socket.
inline constexpr int kConsoleFd = 6;

}  // namespace pyro::vm
