#pragma once

#include <string>

namespace pyro {

/// A name of this process that no other process of this boot has: `PID START`, with the start as
/// field 22 of /proc/PID/stat says it (proc_pid_stat(5)), in clock ticks since the boot.
std::string own_process_name();

/// Whether the process of that name lives; false for what is no such name.
bool is_process_alive(const std::string& name);

}  // namespace pyro
