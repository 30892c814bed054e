#pragma once

#include <filesystem>
#include <vector>

namespace pyro::files {

/// An objects' directory and those that it borrows from (objects/info/alternates) as git would
/// find them, each once. One that is not there is left out.
/// failed_precondition: a list that is no ordinary file or too long, or too many of them.
std::vector<std::filesystem::path> object_stores(const std::filesystem::path& objects);

/// Where git finds the objects of `store` and no list of others, which it would read in any form:
/// the store itself when it has no list, else `place`, which is made with links to the objects
/// alone. Those are 257, and a link takes up to a millisecond.
std::filesystem::path lend(const std::filesystem::path& store, const std::filesystem::path& place);

}  // namespace pyro::files
