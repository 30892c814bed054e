#pragma once

#include <string>

#include "common/api/workspace_diff.h"

namespace pyro::cli {

/// For standard error, beside the patch: totals, and what the patch omits.
std::string diff_note(const api::Diff& diff);

}  // namespace pyro::cli
