#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "common/base/unique_fd.h"
#include "services/files/host_path.h"

namespace pyro::files {

/// Where something new goes on the host.
class HostOutput {
 public:
  struct Wish {
    std::string path;           ///< as the caller gave it, absolute
    bool by_model;              ///< then it goes into no git directory, and through no link
    std::string guarded_below;  ///< no name that programs obey below this directory; empty: any
  };

  /// invalid_argument: the path is refused. already_exists: `output_path already exists: P`.
  explicit HostOutput(Wish wish);

  /// Makes what is missing of the directories above it.
  void open_parent();

  const std::filesystem::path& path() const { return path_; }
  /// The directory above it, once it is open.
  int parent() const { return parent_.get(); }
  /// A name in that directory, as a path that leads there whatever becomes of its own.
  std::filesystem::path beside(const std::string& name) const;

  /// Renames what has this name in the directory. already_exists: another made it meanwhile.
  void take(const std::string& temporary);

 private:
  Links links() const { return links_for(wish_.by_model); }
  static std::unique_lock<std::mutex> placing();
  void refuse_git_directory() const;
  void refuse_obeyed() const;
  void ignore_in_git() const;

  Wish wish_;
  std::filesystem::path path_;
  UniqueFd parent_;
};

}  // namespace pyro::files
