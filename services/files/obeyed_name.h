#pragma once

#include <string_view>

namespace pyro::files {

/// Whether a part of the path is a name that chat hosts, shells, editors, version control or
/// tools obey when someone merely enters or opens its directory, or starts any command there.
/// Build files and sources are not among them: those run when someone builds.
bool has_obeyed_name(std::string_view path);

}  // namespace pyro::files
