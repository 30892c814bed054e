#pragma once

#include <string>

#include "common/api/environment.h"

namespace pyro::cli {

/// One environment as text, a line per property.
std::string environment_text(const api::Environment& environment);

}  // namespace pyro::cli
