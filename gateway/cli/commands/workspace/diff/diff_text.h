#pragma once

#include <string>

#include "common/api/workspace_diff.h"

namespace pyro::cli {

/// For standard error, beside the patch: how much changed, and what the patch does not show.
std::string diff_note(const api::Diff& diff);

}  // namespace pyro::cli
