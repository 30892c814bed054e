#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/git/git.h"
#include "common/source/repository.h"

namespace pyro::files {

/// A path in an index.
struct IndexEntry {
  std::string path;
  bool is_submodule = false;
};

/// A repository of another through which git sees nothing of it but its objects and a copy of its
/// index: no configuration, hook, attribute, ref, replacement or graft of the other is there.
class BorrowedRepository {
 public:
  /// Lies below `scratch` for as long as this object lives.
  BorrowedRepository(const source::Repository& source, const std::filesystem::path& scratch,
                     const Work& work);

  /// Paths that an index or a commit may have.
  static constexpr std::size_t kMostPaths = 2'000'000;

  /// The paths of the index, each once; none without an index. Every path is clean, and none is one
  /// that git itself would not check out, as `.git/config` or `GIT~1`.
  std::vector<IndexEntry> list_index() const;

  /// Makes, in `directory`, which is empty and may lie on another file system, one pack with just
  /// the objects of HEAD's history, its idx, and the file `index`, an index at HEAD.
  void pack_head(const std::filesystem::path& directory) const;

  const std::string& object_format() const { return object_format_; }  ///< sha1 or sha256
  bool has_file_modes() const { return has_file_modes_; }              ///< core.fileMode
  const std::string& shallow() const { return shallow_; }              ///< "": it is not

 private:
  void read_configuration();
  void borrow_objects();
  void copy_index();
  void copy_shared_index(std::string_view index);
  Git::Run trusting_little(Git::Run run) const;
  void require_ok(const CommandResult& result) const;
  void run(Git::Run run) const;
  UniqueFd list(std::string_view of, std::vector<std::string> arguments) const;

  const source::Repository& source_;
  Git git_;
  const Work& work_;
  std::string object_format_ = "sha1";
  bool has_file_modes_ = true;
  std::string shallow_;
};

}  // namespace pyro::files
