#pragma once

#include "common/base/reason.h"

/// Refusals of the stack, its services and their directories. docs/reasons.md explains each.
namespace pyro::reason {

inline constexpr Reason kServiceAway{"service_away"};
inline constexpr Reason kServiceFailed{"service_failed"};
inline constexpr Reason kNeighbourAway{"neighbour_away"};
inline constexpr Reason kInterrupted{"interrupted"};
inline constexpr Reason kAnswerLost{"answer_lost"};
inline constexpr Reason kBusy{"busy"};
inline constexpr Reason kAlreadyRunning{"already_running"};
inline constexpr Reason kStackNotStarted{"stack_not_started"};
inline constexpr Reason kStackOtherState{"stack_other_state"};
inline constexpr Reason kVersionMismatch{"version_mismatch"};
inline constexpr Reason kUnsafeDirectory{"unsafe_directory"};
inline constexpr Reason kForeignDirectory{"foreign_directory"};
inline constexpr Reason kRegistryDamaged{"registry_damaged"};
inline constexpr Reason kRecordUnreadable{"record_unreadable"};
inline constexpr Reason kRegistryNewer{"registry_newer"};
inline constexpr Reason kNotInstalled{"not_installed"};
inline constexpr Reason kDiskFull{"disk_full"};
inline constexpr Reason kMemoryShort{"memory_short"};

}  // namespace pyro::reason
