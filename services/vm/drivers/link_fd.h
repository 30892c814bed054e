#pragma once

namespace pyro::vm {

/// The descriptor on which the VMM, or the host-mode agent, finds its end of the guest link.
inline constexpr int kLinkFd = 3;

}  // namespace pyro::vm
