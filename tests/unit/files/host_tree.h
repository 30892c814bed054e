#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/base/files.h"
#include "common/process/child_process.h"
#include "common/work/work.h"
#include "services/files/diff_builder.h"

namespace pyro::testing {

/// Files and links by path, as a test thinks of a tree.
using HostTree = std::map<std::string, files::DiffSide>;

inline Work work_for(std::chrono::milliseconds time) {
  return {.deadline = Clock::now() + time, .stop = {}, .progress = {}};
}

inline files::DiffSide text_file(std::string content, std::uint32_t mode = 0644) {
  return {.kind = tree::EntryKind::kFile, .mode = mode, .content = std::move(content)};
}

inline files::DiffSide symlink_to(std::string target) {
  return {.kind = tree::EntryKind::kSymlink, .mode = 0777, .content = std::move(target)};
}

inline files::DiffSide empty_directory(std::uint32_t mode = 0755) {
  return {.kind = tree::EntryKind::kDirectory, .mode = mode};
}

/// Writes the tree's files and links below `top`; directories only where something is in them.
inline void write_tree(const std::filesystem::path& top, const HostTree& tree) {
  for (const auto& [path, side] : tree) {
    const std::filesystem::path at = top / path;
    if (side.kind != tree::EntryKind::kFile && side.kind != tree::EntryKind::kSymlink) continue;
    std::filesystem::create_directories(at.parent_path());
    if (side.kind == tree::EntryKind::kSymlink) {
      std::filesystem::create_symlink(side.content, at);
    } else {
      write_all(open_file(at, O_WRONLY | O_CREAT | O_EXCL).get(), side.content);
      ::chmod(at.c_str(), side.mode);
    }
  }
}

/// What lies below `top`, modes as git knows them. Directories are left out.
inline HostTree read_tree(const std::filesystem::path& top) {
  HostTree tree;
  for (const auto& found : std::filesystem::recursive_directory_iterator(top)) {
    const std::string path = found.path().lexically_relative(top).string();
    if (found.is_symlink()) {
      tree[path] = symlink_to(std::filesystem::read_symlink(found.path()).string());
    } else if (found.is_regular_file()) {
      struct stat status {};
      ::stat(found.path().c_str(), &status);
      tree[path] = text_file(read_file(found.path()), (status.st_mode & 0100U) != 0 ? 0755 : 0644);
    }
  }
  return tree;
}

/// The same of a tree that was never written.
inline HostTree as_git_sees(const HostTree& tree) {
  HostTree seen;
  for (const auto& [path, side] : tree) {
    if (side.kind == tree::EntryKind::kSymlink) seen[path] = symlink_to(side.content);
    if (side.kind == tree::EntryKind::kFile) {
      seen[path] = text_file(side.content, (side.mode & 0100U) != 0 ? 0755 : 0644);
    }
  }
  return seen;
}

/// What `git apply` says of a patch in a directory; it changes the directory.
inline CommandResult git_apply(const std::filesystem::path& directory, const std::string& patch) {
  const std::filesystem::path file = directory.string() + ".patch";
  write_file_atomically(file, patch);
  return run_command({.argv = {"git", "-c", "core.protectNTFS=false", "apply",
                               "--whitespace=nowarn", file.string()},
                      .environment = {{"GIT_CEILING_DIRECTORIES", directory.parent_path()},
                                      {"GIT_CONFIG_GLOBAL", "/dev/null"},
                                      {"GIT_CONFIG_NOSYSTEM", "1"}},
                      .directory = directory},
                     Clock::now() + std::chrono::seconds(60), {});
}

}  // namespace pyro::testing

namespace pyro::files {

inline bool operator==(const DiffSide& one, const DiffSide& other) {
  return one.kind == other.kind && one.mode == other.mode && one.content == other.content;
}

inline void PrintTo(const DiffSide& side, std::ostream* out) {
  *out << "{kind " << static_cast<int>(side.kind) << ", mode " << std::oct << side.mode << std::dec
       << ", " << side.content.size() << " bytes}";
}

}  // namespace pyro::files
