#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace pyro::source {

/// The limit of nested submodules.
inline constexpr int kSubmoduleNesting = 16;

/// A Git work tree's repository, read without git and without obeying anything in it. All of it may
/// be hostile: reads are bounded and follow no symbolic link.
struct Repository {
  std::filesystem::path work_tree;
  std::filesystem::path git_directory;     ///< of this work tree: HEAD and index
  std::filesystem::path common_directory;  ///< of all its work trees: objects and refs
  std::string branch{};                    ///< `refs/heads/main`; empty: HEAD is detached
  std::string head{};                      ///< the commit's id; empty: no commits yet
};

/// Where a `.git` may lead. kOwn: it is a directory, or a file that leads to the directory of a
/// linked work tree or of a submodule, which must point back to this work tree: otherwise a foreign
/// repository could be read. kAnywhere: it may also be a link, and lead to any directory; only for
/// a work tree that a person named.
enum class GitDirectoryPlace { kOwn, kAnywhere };
constexpr GitDirectoryPlace place_of_git_directory(bool work_tree_is_named) {
  return work_tree_is_named ? GitDirectoryPlace::kAnywhere : GitDirectoryPlace::kOwn;
}

/// failed_precondition, with the ways out: not a repository, damaged, elsewhere, bare, or its top,
/// `.git` or directories belong to another user.
Repository open_repository(const std::filesystem::path& work_tree,
                           GitDirectoryPlace place = GitDirectoryPlace::kOwn);

/// The text of a file of a repository; nullopt: it is missing. failed_precondition: it is not an
/// ordinary file, or longer than `limit_bytes`.
std::optional<std::string> read_git_file(const std::filesystem::path& directory,
                                         const std::string& name, std::size_t limit_bytes);

/// The text of packed-refs, lines `ID NAME`; "" without it.
std::string read_packed_refs(const Repository& repository);

/// `the Git repository of '…' cannot be read: WHY: …` with the way out.
Error broken_repository(const std::filesystem::path& work_tree, std::string_view why);

}  // namespace pyro::source
