#pragma once

#include <filesystem>
#include <string_view>

namespace pyro::files {

/// The names in a directory by which git takes it for a repository's, whatever it is called:
/// `objects` and `refs`, or in a linked work tree's `HEAD` and `commondir`.
class GitDirectoryMarks {
 public:
  /// Of an existing directory of the host.
  static GitDirectoryMarks of(const std::filesystem::path& directory);

  void add(std::string_view name);
  bool any() const { return objects_ || refs_ || head_ || common_directory_; }
  bool complete() const { return (objects_ && refs_) || (head_ && common_directory_); }

 private:
  bool objects_ = false;
  bool refs_ = false;
  bool head_ = false;
  bool common_directory_ = false;
};

/// Whether `path` (absolute, normal) lies in a git directory of the host, is one, or makes one of
/// the directory that it is put in: by content, by name, or since a `.git` file above it leads
/// there.
bool lies_in_git_directory(const std::filesystem::path& path);

}  // namespace pyro::files
