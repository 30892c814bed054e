#pragma once

#include "host-helpers/hosts/chat_host.h"

namespace pyro::hosts {

/// Starts the entry's command in `directory`, as its host would, asks it for its tools and ends it.
/// `passed`: the variables that it gets beside its own; nullopt: all. Only a cancellation throws.
StartTrial try_start(const Entry& entry, const std::optional<std::vector<std::string>>& passed,
                     const std::filesystem::path& directory, const Work& work);

}  // namespace pyro::hosts
