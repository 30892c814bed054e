#pragma once

#include <string>

#include "common/api/workspace_sync.h"

namespace pyro::cli {

std::string pushed_text(const api::PushedSync& pushed);

}  // namespace pyro::cli
