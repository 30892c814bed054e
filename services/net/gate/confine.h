#pragma once

#include <filesystem>

namespace pyro::gate {

/// Gives up what the gate does not need from here on: it relays a guest's bytes, and reads what a
/// guest sends. Its memory is in no core file from here on.
void confine(const std::filesystem::path& directory);

}  // namespace pyro::gate
