#pragma once

#include "tests/bench/part.h"

namespace pyro::bench {

/// What redaction costs the output of a guest.
Part measure_secrets();

}  // namespace pyro::bench
