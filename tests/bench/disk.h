#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// The disks of a stopped workspace: a list, beside debugfs and the start of a confined program.
Part measure_disk();

}  // namespace pyro::bench
