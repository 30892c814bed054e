#pragma once

#include <string>
#include <vector>

#include "common/command_line/command.h"

namespace pyro::cli {

/// Adds the repeatable `--allow-domain NAME[:PORT]` and `--allow-preset NAME`.
inline void add_allow_options(CliCommand& command, std::vector<std::string>& domains,
                              std::vector<std::string>& presets) {
  command.add({.name = "--allow-domain",
               .help = "A name that the network may reach, as example.com, *.example.com or "
                       "example.com:22; repeatable",
               .value_name = "NAME[:PORT]"},
              domains);
  command.add({.name = "--allow-preset",
               .help = "A list of such names, as npm, pypi, crates, go, debian or github; "
                       "repeatable",
               .value_name = "NAME"},
              presets);
}

/// Adds `--host-ca`, for a command that gives a machine its network.
inline Option& add_host_ca_flag(CliCommand& command, bool& host_ca) {
  return command.add_flag("--host-ca",
                          "Let the guest trust the certificates that this host trusts, also those "
                          "of a proxy that reads TLS",
                          host_ca);
}

}  // namespace pyro::cli
