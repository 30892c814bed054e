#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace pyro::source {

/// Submodules within submodules.
inline constexpr int kSubmoduleNesting = 16;

/// A Git work tree's repository, read without git and without obeying anything that is in it. All
/// of it is hostile: what is read is bounded, and no symbolic link is followed.
struct Repository {
  std::filesystem::path work_tree;
  std::filesystem::path git_directory;     ///< of this work tree: HEAD and index
  std::filesystem::path common_directory;  ///< of all its work trees: objects and refs
  std::string branch{};                    ///< `refs/heads/main`; empty: HEAD is detached
  std::string head{};                      ///< the commit's id; empty: no commits yet
};

/// `.git` may be a directory, or a file that leads to the directory of a linked work tree or of a
/// submodule, which must name this work tree back: else a foreign repository could be drawn in.
/// failed_precondition, with the ways out: what is no repository, or damaged, or whose top, `.git`
/// or directories belong to another user.
Repository open_repository(const std::filesystem::path& work_tree);

/// The text of a file of a repository; nothing when it is not there. failed_precondition: it is no
/// ordinary file, or longer than `limit_bytes`.
std::optional<std::string> read_git_file(const std::filesystem::path& directory,
                                         const std::string& name, std::size_t limit_bytes);

/// `the Git repository of '…' cannot be read: WHY: …` with what to do.
Error broken_repository(const std::filesystem::path& work_tree, std::string_view why);

}  // namespace pyro::source
