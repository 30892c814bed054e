#pragma once

#include <filesystem>
#include <vector>

namespace pyro::files {

/// An objects' directory and those that it borrows from (objects/info/alternates) as git would
/// find them, each once. One that is not there is left out.
/// failed_precondition: a list that is no ordinary file or too long, or too many of them.
std::vector<std::filesystem::path> object_stores(const std::filesystem::path& objects);

/// Makes `place` an objects' directory with the objects of `store` and nothing of its `info`, which
/// git would read whatever it is.
void lend(const std::filesystem::path& store, const std::filesystem::path& place);

}  // namespace pyro::files
