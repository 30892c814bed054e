#pragma once

#include "common/base/reason.h"

/// Refusals about environments and the sources of workspaces. docs/reasons.md explains each.
namespace pyro::reason {

inline constexpr Reason kEnvironmentUnknown{"environment_unknown"};
inline constexpr Reason kDownloadFailed{"download_failed"};
inline constexpr Reason kRefMissing{"ref_missing"};
inline constexpr Reason kRepositoryElsewhere{"repository_elsewhere"};
inline constexpr Reason kRepositoryUnreadable{"repository_unreadable"};
inline constexpr Reason kRepositoryUntrusted{"repository_untrusted"};

}  // namespace pyro::reason
