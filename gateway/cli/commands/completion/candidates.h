#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/command_line/command.h"

namespace pyro::cli {

/// One possible next word, with its meaning.
struct Candidate {
  std::string word;
  std::string meaning;
};

/// Values for a positional, as far as they are cheap to get: ENVIRONMENT, WORKSPACE_ID, and, of
/// the workspace that the line names, SERVICE_NAME, SHELL_ID or SNAPSHOT_NAME.
using KnownValues =
    std::function<std::vector<Candidate>(std::string_view what, const std::string& workspace_id)>;

/// Candidates for the last of `words` (empty when a new one begins), which are those after `pyro`:
/// subcommands, options, an option's choices, and known values.
std::vector<Candidate> complete(const CliCommand& root, const std::vector<std::string>& words,
                                const KnownValues& known);

}  // namespace pyro::cli
