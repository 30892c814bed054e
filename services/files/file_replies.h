#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/api/workspace_files.h"
#include "common/tree/tree.h"

/// What callers see of files, wherever they were read.
namespace pyro::files {

/// The most entries of a list, else resource_exhausted.
inline constexpr std::size_t kListEntries = 65536;
/// Of its paths and link targets: those of a list that is full of the longest ones would fill the
/// memory.
inline constexpr std::size_t kListNameBytes = 32U << 20U;

/// Of a path that is shown as `path`, absolute. The first entry, by its path "", is the thing
/// itself: a directory is not in its own list.
api::FileList list_reply(const std::string& path, std::vector<tree::Entry> entries,
                         std::uint32_t offset);

/// Of the part of a file of `size_bytes` that `request` asks for; `content` is what is there.
/// `path` is shown.
api::FileContent page_reply(const std::string& path, const api::ReadFile& request,
                            std::uint64_t size_bytes, const std::string& content);

}  // namespace pyro::files
