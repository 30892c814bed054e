#pragma once

#include <string>

#include "common/api/workspace_export.h"

namespace pyro::cli {

std::string exported_text(const api::Exported& exported);

}  // namespace pyro::cli
