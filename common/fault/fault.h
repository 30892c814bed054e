#pragma once

#include <string_view>

/// Points between two steps of a change where a test kills this process, or holds it to kill
/// another. They do nothing unless PYRO_FAULTS names a directory, which only tests set.
namespace pyro::fault {

/// With PYRO_FAULTS=DIR: appends `name` to DIR/trace when that file exists. When DIR/stop-at holds
/// `name`, renames it to DIR/reached and waits for a write to DIR/go, a FIFO; without DIR/go it
/// kills itself with SIGKILL.
void point(std::string_view name);

}  // namespace pyro::fault
