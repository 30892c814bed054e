#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "services/files/git_seed/borrowed_repository.h"

namespace pyro::files {

/// The history of a repository's HEAD, to be packed in parts.
class HeadHistory {
 public:
  explicit HeadHistory(BorrowedRepository& repository) : repository_(repository) {}

  const std::string& head() const { return repository_.source().head; }
  /// The repository's tags that lie in the history, as lines `ID NAME` of packed-refs.
  std::string tags() const;
  bool contains(const std::string& commit) const;
  /// The first-parent ancestor of HEAD so many `generations` above it.
  std::optional<std::string> ancestor(int generations) const;

  /// A part: the history of a commit without that of another one ("": all of it).
  struct Part {
    std::string of;
    std::string without{};
  };
  /// Makes one pack with its objects and the pack's idx in the `directory`, which may be on another
  /// file system. Returns the pack's name; "": there is nothing to pack.
  std::string pack(const Part& part, const std::filesystem::path& directory) const;
  /// The same of the annotated ones among `tags`.
  std::string pack_tags(std::string_view tags, const std::filesystem::path& directory) const;
  /// Makes the `file`, an index at HEAD.
  void write_index(const std::filesystem::path& file) const;

  /// Ends the history above the first commits that lack an object, as in a partial clone, though
  /// never above HEAD. False: nothing is missing.
  bool end_where_objects_are_missing();
  /// HEAD itself lacks objects.
  bool lacks_objects() const { return lacks_objects_; }

 private:
  std::string pack_objects(std::string_view wanted, const std::filesystem::path& directory) const;
  bool is_whole(std::size_t commits) const;
  void end_above(std::size_t commits);

  BorrowedRepository& repository_;
  bool lacks_objects_ = false;
};

}  // namespace pyro::files
