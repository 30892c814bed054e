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

/// Values for a positional, ENVIRONMENT or WORKSPACE_ID, as far as they are cheap to get.
using KnownValues = std::function<std::vector<Candidate>(std::string_view)>;

/// Candidates for the last of `words` (empty when a new one begins), which are those after `pyro`:
/// subcommands, options, an option's choices, environments, workspaces.
std::vector<Candidate> complete(const CliCommand& root, const std::vector<std::string>& words,
                                const KnownValues& known);

}  // namespace pyro::cli
