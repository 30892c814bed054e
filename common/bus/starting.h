#pragma once

#include <filesystem>

namespace pyro::bus {

/// The file that the service on `socket` keeps locked: its process id, and a second line once it
/// answers.
std::filesystem::path lock_file_of(const std::filesystem::path& socket);

/// Notes that the service answers now.
void note_serving(const std::filesystem::path& socket);

/// Whether the service has bound its socket and does not answer yet, as one that recovers its
/// records. Takes no lock: a service that starts must not find it held.
bool is_starting(const std::filesystem::path& socket);

}  // namespace pyro::bus
