#pragma once

#include <string>

#include "common/api/workspace_summary.h"

namespace pyro::cli {

/// The session on one screen, in Markdown for a pull request: at most 24 lines of 100 columns;
/// longer lists end in `… and N more`.
std::string summary_text(const api::WorkspaceSummary& summary);

}  // namespace pyro::cli
