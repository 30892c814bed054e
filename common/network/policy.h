#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/network.h"

/// The network of a machine: what its guest may reach, how its gate is told, and what it logs.
namespace pyro::network {

/// The ports of an entry that names none.
inline constexpr std::uint16_t kTlsPort = 443;
inline constexpr std::uint16_t kHttpPort = 80;
inline constexpr std::size_t kMostNameBytes = 253;

/// A host name in lower case, without a dot at its end: labels of letters, digits, `-` and `_`. It
/// is what DNS questions, server names and Host headers are compared as. nullopt: it is none, or an
/// address.
std::optional<std::string> host_name_of(std::string_view text);

/// One entry of an allowlist: `example.com`, `*.example.com` or either with `:PORT`.
struct AllowEntry {
  std::string name;        ///< without the `*.`
  bool below = false;      ///< the names below `name`, and not `name` itself
  std::uint16_t port = 0;  ///< 0: 443 and 80

  /// invalid_argument (allow_entry_refused): it is no name that an allowlist can hold.
  static AllowEntry parse(std::string_view text);

  /// The text again, in one form.
  std::string text() const;
  /// Both as host_name_of gives them.
  bool covers_name(std::string_view host) const;
  bool covers_port(std::uint16_t of_connection) const;
};

using api::kMostAllowEntries;
using Policy = api::NetworkRules;

/// The same policy in its one form: entries checked, sorted, each once.
Policy canonical(const Policy& policy);

/// The canonical form as text, and the SHA-256 of that: two policies are equal if these are.
std::string text_of(const Policy& policy);
std::string digest_of(const Policy& policy);

}  // namespace pyro::network
