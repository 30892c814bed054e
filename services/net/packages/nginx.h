#pragma once

#include <filesystem>
#include <optional>

#include "common/process/child_process.h"
#include "services/net/packages/nginx_config.h"

namespace pyro::net {

/// Writes the configuration, makes its directories, and starts nginx on the listening socket. It
/// runs as our user, in a user namespace and a pid namespace of its own, so that with its first
/// process all of them end, and reads and writes only its files. `output` gets what it says.
ChildProcess start_nginx(const std::filesystem::path& program, const NginxSettings& settings,
                         int listener, int output);

}  // namespace pyro::net
