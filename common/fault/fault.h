#pragma once

#include <string_view>

/// Places at which a test ends this process, or holds it to end another one, between two steps of a
/// change. They do nothing unless PYRO_FAULTS names a directory, which only tests do.
namespace pyro::fault {

/// With PYRO_FAULTS=DIR: appends `name` to DIR/trace when that file exists. When DIR/stop-at holds
/// `name`, renames it to DIR/reached and waits until something is written to DIR/go, a FIFO;
/// without a DIR/go this process ends by SIGKILL.
void point(std::string_view name);

}  // namespace pyro::fault
