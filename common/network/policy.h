#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/field.h"
#include "common/api/workspace.h"

/// The network of a machine: what its guest may reach, how its gate is told, and what it logs.
namespace pyro::network {

/// The ports of an entry that names none.
inline constexpr std::uint16_t kTlsPort = 443;
inline constexpr std::uint16_t kHttpPort = 80;
inline constexpr std::size_t kMostAllowEntries = 1024;
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

/// What the guest of a machine may reach. With no entries `egress` is the whole public internet.
struct Policy {
  api::NetworkPolicy kind = api::NetworkPolicy::kOff;
  std::vector<std::string> allow;
  bool learn = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("kind", &Policy::kind, "off, egress or egress+published-ports.", api::kRequired);
    f("allow", &Policy::allow,
      "Names that may be reached, NAME, *.NAME or either with :PORT; none: all public ones.",
      api::max_length(kMostAllowEntries));
    f("learn", &Policy::learn, "Whether to record the names and ports that are used.");
  }

  /// With entries, only they may be reached.
  bool lists_names() const { return !allow.empty(); }
  bool operator==(const Policy&) const = default;
};

/// The same policy in its one form: entries checked, sorted, each once.
Policy canonical(const Policy& policy);

/// The canonical form as text, and the SHA-256 of that: two policies are equal if these are.
std::string text_of(const Policy& policy);
std::string digest_of(const Policy& policy);

}  // namespace pyro::network
