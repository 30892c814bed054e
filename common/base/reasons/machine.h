#pragma once

#include "common/base/reason.h"

/// Refusals about machines and their guests. docs/reasons.md explains each.
namespace pyro::reason {

inline constexpr Reason kMachineGone{"machine_gone"};
inline constexpr Reason kMachineExpired{"machine_expired"};
inline constexpr Reason kMachineLost{"machine_lost"};
inline constexpr Reason kAlreadyStarted{"already_started"};
inline constexpr Reason kNotStarted{"not_started"};
inline constexpr Reason kNotStopped{"not_stopped"};
inline constexpr Reason kNoDisk{"no_disk"};
inline constexpr Reason kDiskDamaged{"disk_damaged"};
inline constexpr Reason kOvertaken{"overtaken"};
inline constexpr Reason kWorkspaceMachine{"workspace_machine"};
inline constexpr Reason kLimitReached{"limit_reached"};
inline constexpr Reason kNoGuest{"no_guest"};
inline constexpr Reason kHostNotAllowed{"host_not_allowed"};
inline constexpr Reason kNoNetwork{"no_network"};
inline constexpr Reason kGuestAway{"guest_away"};
inline constexpr Reason kGuestGone{"guest_gone"};
inline constexpr Reason kGuestSilent{"guest_silent"};
inline constexpr Reason kGuestOverloaded{"guest_overloaded"};
inline constexpr Reason kTemplatesOff{"templates_off"};
inline constexpr Reason kTemplateFailed{"template_failed"};

}  // namespace pyro::reason
