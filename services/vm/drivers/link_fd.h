#pragma once

namespace pyro::vm {

/// The descriptor of the guest link in the VMM or in the host-mode agent.
inline constexpr int kLinkFd = 3;

}  // namespace pyro::vm
