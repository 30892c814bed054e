#pragma once

#include <gmock/gmock.h>

#include "services/files/patch/apply.h"
#include "services/files/patch/patch_limits.h"
#include "tests/support/temporary.h"
#include "tests/unit/files/host_tree.h"

namespace pyro::testing {

/// A tree in memory that patches are applied to.
class PatchedTree {
 public:
  void put(const std::string& path, std::string content, std::uint32_t mode = 0644) {
    files_[path] = text_file(std::move(content), mode);
  }
  void put(const std::string& path, files::DiffSide side) { files_[path] = std::move(side); }
  void put(const HostTree& all) { files_ = all; }
  const HostTree& files() const { return files_; }
  std::string content(const std::string& path) const { return files_.at(path).content; }
  /// What the last patch asked for.
  const std::vector<std::string>& asked_for() const { return asked_for_; }

  /// Applies the patch and keeps what it made of the files.
  files::PatchOutcome apply(std::string_view patch) {
    const auto fetch = [this](const std::vector<std::string>& paths) {
      asked_for_ = paths;
      std::map<std::string, files::CurrentFile> found;
      for (const auto& path : paths) {
        const auto file = files_.find(path);
        if (file == files_.end()) continue;
        found[path] = {.kind = file->second.kind,
                       .mode = file->second.mode,
                       .content = file->second.content,
                       .inode = path.size(),
                       .ctime_ns = 7};
      }
      return found;
    };
    files::PatchOutcome outcome =
        files::apply_patch(patch, fetch, directory_.path(), work_for(std::chrono::seconds(30)));
    for (const auto& path : outcome.deletions) files_.erase(path);
    for (const auto& file : outcome.writes) {
      files_[file.path] =
          file.is_link ? symlink_to(file.content) : text_file(file.content, file.mode);
    }
    return outcome;
  }

  const std::filesystem::path& scratch() const { return directory_.path(); }

 private:
  TestDirectory directory_;
  HostTree files_;
  std::vector<std::string> asked_for_;
};

}  // namespace pyro::testing
