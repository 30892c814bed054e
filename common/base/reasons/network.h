#pragma once

#include "common/base/reason.h"

/// Refusals about networks of machines. docs/reasons.md explains each.
namespace pyro::reason {

inline constexpr Reason kAllowEntryRefused{"allow_entry_refused"};
inline constexpr Reason kNoUserNamespaces{"no_user_namespaces"};
inline constexpr Reason kNamespacesWithoutRights{"namespaces_without_rights"};
inline constexpr Reason kNoTun{"no_tun"};
inline constexpr Reason kNoPacketFilter{"no_packet_filter"};
inline constexpr Reason kPresetMissing{"preset_missing"};
inline constexpr Reason kNetworkNotAllowed{"network_not_allowed"};
inline constexpr Reason kPortTaken{"port_taken"};
inline constexpr Reason kPortRefused{"port_refused"};
inline constexpr Reason kPackageCacheMissing{"package_cache_missing"};
inline constexpr Reason kPackageCacheOutside{"package_cache_outside"};
inline constexpr Reason kPackageUpstreamRefused{"package_upstream_refused"};
inline constexpr Reason kGateFailed{"gate_failed"};
inline constexpr Reason kHostCaUnreadable{"host_ca_unreadable"};

}  // namespace pyro::reason
