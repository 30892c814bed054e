#pragma once

#include <filesystem>
#include <vector>

namespace pyro::files {

/// An objects directory and those that it borrows from (objects/info/alternates) as git finds them,
/// each once. Leaves out a missing one.
/// failed_precondition: a list that is not an ordinary file or too long, or too many lists.
std::vector<std::filesystem::path> object_stores(const std::filesystem::path& objects);

/// A directory where git finds the objects of `store` but no list of others, which it would read in
/// any form: the store itself if it has no list, else `place`, made with links to the objects
/// alone. Those are 257, and a link takes up to a millisecond.
std::filesystem::path lend(const std::filesystem::path& store, const std::filesystem::path& place);

}  // namespace pyro::files
