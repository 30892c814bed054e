#pragma once

#include "common/api/network.h"
#include "common/guest/machine_paths.h"
#include "common/work/work.h"
#include "services/vm/boot/guest_limits.h"
#include "services/vm/shim/control.h"

namespace pyro::vm {

/// The address of each guest's network card on the command line of its VMM.
inline constexpr const char* kCardAddress = "52:54:00:70:79:72";
/// The tap in the namespace of a machine's gate.
inline constexpr const char* kTapName = "tap0";

/// What the shim of a started machine says of its network.
control::Network describe_guest_network(const MachinePaths& paths, const Limit& limit,
                                        const Work& work);

/// Has the shim start the machine's gate while the guest boots or is personalized, or give the
/// policy to the one that it started before. Without a network the shim ends it.
void prepare_guest_network(const MachinePaths& paths, const api::NetworkRules& rules,
                           const Work& work);

/// Starts a gate for a guest that waits for its caller, with a policy that lets nothing pass, as
/// far as this host can: the caller's network starts one otherwise.
void start_standby_gate(const MachinePaths& paths, const Limit& limit, const Work& work);

/// Lets an unused guest without a network give its card addresses and take them away again.
void rehearse_network(const MachinePaths& paths, const Limit& limit, const Work& work);

/// Gives a started machine that network in the place of the one that it has: its shim the rules,
/// then its guest the addresses and the certificates to trust. Without a network the guest has no
/// carrier first.
void set_guest_network(const MachinePaths& paths, const api::NetworkRules& rules,
                       const Limit& limit, const Work& work);

}  // namespace pyro::vm
