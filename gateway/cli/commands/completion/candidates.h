#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/command_line/command.h"

namespace pyro::cli {

/// One word that may come next, with what it means.
struct Candidate {
  std::string word;
  std::string meaning;
};

/// What there is for a positional of that name, ENVIRONMENT or WORKSPACE_ID, as far as it is cheap
/// to get.
using KnownValues = std::function<std::vector<Candidate>(std::string_view)>;

/// What may stand for the last of `words` (empty when a new one begins), the ones before it as
/// typed after `pyro`: subcommands, options, an option's choices, environments, workspaces.
std::vector<Candidate> complete(const CliCommand& root, const std::vector<std::string>& words,
                                const KnownValues& known);

}  // namespace pyro::cli
