#pragma once

#include "common/base/files.h"
#include "common/config/paths.h"

namespace pyro::supervisor {

/// Takes $PYRO_STATE_DIR/supervisor.lock: one registry, one stack. Its content names the holder:
/// pid and runtime directory, a line each. failed_precondition names the holder's runtime directory
/// if it differs.
FileLock lock_state_dir(const Paths& paths);

}  // namespace pyro::supervisor
