#pragma once

#include <string>
#include <string_view>

namespace pyro::cli {

/// Returns the script that makes `bash`, `zsh` or `fish` ask `pyro` for candidates.
std::string completion_script(std::string_view shell);

}  // namespace pyro::cli
