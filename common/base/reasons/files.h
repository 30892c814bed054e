#pragma once

#include "common/base/reason.h"

/// Refusals about files, in a workspace and on the host. docs/reasons.md explains each.
namespace pyro::reason {

inline constexpr Reason kPathMissing{"path_missing"};
inline constexpr Reason kHostPathMissing{"host_path_missing"};
inline constexpr Reason kHostPathRefused{"host_path_refused"};
inline constexpr Reason kWrongFileType{"wrong_file_type"};
inline constexpr Reason kOutsideWorkspace{"outside_workspace"};
inline constexpr Reason kExists{"exists"};
inline constexpr Reason kExportsFull{"exports_full"};
inline constexpr Reason kNotChanged{"not_changed"};
inline constexpr Reason kIgnoreRulesUnreadable{"ignore_rules_unreadable"};
inline constexpr Reason kChangedMeanwhile{"changed_meanwhile"};
inline constexpr Reason kPatchMismatch{"patch_mismatch"};
inline constexpr Reason kPatchUnsupported{"patch_unsupported"};
inline constexpr Reason kTooLarge{"too_large"};

}  // namespace pyro::reason
