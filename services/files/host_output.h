#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <mutex>
#include <string>

#include "common/base/unique_fd.h"
#include "services/files/host_path.h"

namespace pyro::files {

/// What exports leave of the host's disk.
struct ExportLimits {
  std::uint32_t keep_free_mib = 0;
  /// So much may be in the `.pyro/exports` of a project, for one more by a model.
  std::uint64_t by_models = std::numeric_limits<std::uint64_t>::max();
};

/// Where something new goes on the host.
class HostOutput {
 public:
  struct Wish {
    std::string path;           ///< as the caller gave it, absolute
    bool by_model;              ///< then it goes into no git directory, and through no link
    std::string guarded_below;  ///< no name that programs obey below this directory; empty: any
  };

  /// invalid_argument: the path is refused. already_exists: `output_path already exists: P`.
  /// resource_exhausted (exports_full): models have exported as much as they may.
  HostOutput(Wish wish, const ExportLimits& limits);

  /// Makes what is missing of the directories above it.
  void open_parent();

  const std::filesystem::path& path() const { return path_; }
  /// The directory above it, once it is open.
  int parent() const { return parent_.get(); }
  /// resource_exhausted: after `bytes` of this export, and more to come, the disk would not have
  /// free what it is to keep (disk_full), or models would have exported too much (exports_full).
  void require_room(std::uint64_t bytes) const;
  /// A name in that directory, as a path that leads there whatever becomes of its own.
  std::filesystem::path beside(const std::string& name) const;

  /// Renames what has this name in the directory. already_exists: another made it meanwhile.
  void take(const std::string& temporary);

 private:
  Links links() const { return links_for(wish_.by_model); }
  static std::unique_lock<std::mutex> placing();
  void refuse_git_directory() const;
  void refuse_obeyed() const;
  void refuse_beyond_budget(std::uint64_t bytes) const;
  void ignore_in_git() const;

  Wish wish_;
  ExportLimits limits_;
  std::filesystem::path path_;
  std::filesystem::path exports_;  ///< the `.pyro/exports` that it lies in; empty: none
  std::uint64_t exported_ = 0;     ///< what is there already
  UniqueFd parent_;
};

}  // namespace pyro::files
