#pragma once

#include <string>

#include "common/api/workspace_patch.h"

namespace pyro::cli {

std::string patch_applied_text(const api::PatchApplied& applied);

}  // namespace pyro::cli
