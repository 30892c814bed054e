#pragma once

#include <filesystem>
#include <vector>

#include "common/work/work.h"

namespace pyro::files {

/// An objects directory and those that it borrows from (objects/info/alternates) as git finds them,
/// each once. Leaves out a missing one.
/// failed_precondition: a list that is not an ordinary file or too long, or too many lists.
std::vector<std::filesystem::path> object_stores(const std::filesystem::path& objects);

/// git opens whatever has an object's or a pack's name: a FIFO without a writer would hold it up
/// for good, a device feed it without end. failed_precondition: one that is no ordinary file.
void require_ordinary_objects(const std::vector<std::filesystem::path>& stores, const Work& work);

/// A directory where git finds the objects of `store` but no list of others, which it would read in
/// any form: the store itself if it has no list, else `place`, made with links to the objects
/// alone. Those are 257, and a link takes up to a millisecond.
std::filesystem::path lend(const std::filesystem::path& store, const std::filesystem::path& place);

}  // namespace pyro::files
