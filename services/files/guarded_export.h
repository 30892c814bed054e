#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/tree/tree.h"
#include "services/files/git_directory_marks.h"

namespace pyro::files {

/// The refusal of a path that git on the host would obey; `field` is what the caller calls it.
Error in_git_directory(std::string_view field, std::string_view path);

/// What an export by a model leaves out of the tree: .git directories, and `.git` files, which
/// name one; if `guarded`, also names that programs obey, and executable bits of files.
/// kInvalidArgument: a directory of the tree is a git directory under another name.
class GuardedExport : public tree::Sink {
 public:
  /// `withheld` has as many paths at most.
  static constexpr std::size_t kMostNamed = 20;

  GuardedExport(tree::Sink& next, bool guarded) : next_(next), guarded_(guarded) {}

  void entry(const tree::Entry& entry) override;
  void data(std::string_view bytes) override;
  void hole(std::uint64_t bytes) override;
  void end_file() override;

  std::uint64_t left_out() const { return left_out_; }
  const std::vector<std::string>& withheld() const { return withheld_; }
  std::uint64_t executable_bits_dropped() const { return executable_bits_dropped_; }

 private:
  bool is_wanted(const std::string& path);
  void look_for_git_directory(const std::string& path);

  tree::Sink& next_;
  const bool guarded_;
  /// By directory; only of those with a mark.
  std::map<std::string, GitDirectoryMarks, std::less<>> marks_{};
  bool leaves_out_ = false;
  std::uint64_t left_out_ = 0;
  std::vector<std::string> withheld_{};
  std::uint64_t executable_bits_dropped_ = 0;
};

}  // namespace pyro::files
