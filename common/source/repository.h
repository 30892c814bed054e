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

/// `.git` may be a directory, or a file that leads to the directory of a linked work tree or of a
/// submodule, which must point back to this work tree: otherwise a foreign repository could be
/// read.
/// failed_precondition, with the ways out: not a repository, damaged, or its top, `.git` or
/// directories belong to another user.
Repository open_repository(const std::filesystem::path& work_tree);

/// The text of a file of a repository; nullopt: it is missing. failed_precondition: it is not an
/// ordinary file, or longer than `limit_bytes`.
std::optional<std::string> read_git_file(const std::filesystem::path& directory,
                                         const std::string& name, std::size_t limit_bytes);

/// `the Git repository of '…' cannot be read: WHY: …` with the way out.
Error broken_repository(const std::filesystem::path& work_tree, std::string_view why);

}  // namespace pyro::source
