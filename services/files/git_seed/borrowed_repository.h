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

/// A repository of ours that shows git only the objects and a copy of the index of another one: no
/// configuration, hook, attribute, ref, replacement or graft of it.
class BorrowedRepository {
 public:
  /// Exists below `scratch` as long as this object.
  BorrowedRepository(const source::Repository& source, const std::filesystem::path& scratch,
                     const Work& work);

  /// The most paths of an index or a commit.
  static constexpr std::size_t kMostPaths = 2'000'000;

  /// The paths of the index, each once; none without an index. Every path is clean, and git itself
  /// would check it out (not `.git/config` or `GIT~1`).
  std::vector<IndexEntry> list_index() const;

  /// Makes one pack with exactly the objects of HEAD's history, its idx, and the file `index`, an
  /// index at HEAD, in the empty `directory`, which may be on another file system.
  void pack_head(const std::filesystem::path& directory) const;

  const std::string& object_format() const { return object_format_; }  ///< sha1 or sha256
  bool has_file_modes() const { return has_file_modes_; }              ///< core.fileMode
  const std::string& shallow() const { return shallow_; }              ///< "": not shallow

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
  std::vector<std::filesystem::path> stores_;
  std::string object_format_ = "sha1";
  bool has_file_modes_ = true;
  std::string shallow_;
};

}  // namespace pyro::files
