#pragma once

#include "common/process/child_process.h"

namespace pyro {

inline Deadline soon() { return Clock::now() + std::chrono::seconds(60); }

inline Command shell(const std::string& script) { return {.argv = {"/bin/sh", "-c", script}}; }

}  // namespace pyro
