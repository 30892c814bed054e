#pragma once

#include "common/base/reason.h"

/// Refusals about chat hosts and their settings files. docs/reasons.md explains each.
namespace pyro::reason {

inline constexpr Reason kHostMissing{"host_missing"};
inline constexpr Reason kHostFailed{"host_failed"};
inline constexpr Reason kSettingsBroken{"settings_broken"};
inline constexpr Reason kSettingsReadOnly{"settings_read_only"};

}  // namespace pyro::reason
