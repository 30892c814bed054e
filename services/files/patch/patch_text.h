#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/files/patch/hunks.h"

namespace pyro::files {

enum class FileChange { kAdd, kModify, kDelete, kRename, kCopy };

/// What git calls a mode.
enum class PatchMode { kPlain, kExecutable, kLink, kSubmodule };

/// The part of a patch for one file. Views are into the patch.
struct FilePatch {
  std::string path{};    ///< clean, relative to the tree; of a deletion the file that goes
  std::string source{};  ///< of a rename or a copy
  FileChange change = FileChange::kModify;
  std::optional<PatchMode> old_mode{};
  std::optional<PatchMode> new_mode{};
  std::vector<Hunk> hunks{};  ///< none when only the mode or the name changes or the file is empty
  std::string binary{};       ///< from the line `GIT binary patch` on
  std::string_view ids{};     ///< `OLD..NEW` of the index line
  /// An envelope deletes a file whatever is in it.
  bool whatever_is_there = false;
  std::size_t mail = 0;  ///< the mail of a series, each of which applies to the one before

  bool is_link() const { return new_mode == PatchMode::kLink || old_mode == PatchMode::kLink; }
  bool is_submodule() const {
    return new_mode == PatchMode::kSubmodule || old_mode == PatchMode::kSubmodule;
  }
};

/// Reads a patch in one of the forms that `git diff`, `git show`, `git format-patch` (a series as
/// well) and diff(1) make and that models write: in code fences, between `*** Begin Patch` and
/// `*** End Patch`, with hunks that miscount or have no numbers. Ignores mail text before the first
/// file and after the line `-- `.
/// kInvalidArgument: `patch must not be empty`, `unsupported patch feature: LINE`, the rules on
/// paths (workspace_path.h), or a path in `.git`.
std::vector<FilePatch> parse_patch(std::string_view patch);

}  // namespace pyro::files
