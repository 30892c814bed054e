#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::files {

enum class FileChange { kAdd, kModify, kDelete };

/// The part of a patch for one file.
struct FilePatch {
  std::string path{};  ///< clean, relative to the tree
  FileChange change = FileChange::kModify;
  /// From mode lines: whether the file becomes executable.
  std::optional<bool> executable{};
  /// From the first `@@` on, byte for byte; "" when only the mode changes or the file is empty.
  std::string hunks{};
  /// The only hunk begins at nothing: diff(1) shows a new file this way without /dev/null.
  bool begins_at_nothing = false;
  /// A hunk has no line of context (diff -U0): only its line numbers place it.
  bool lacks_context = false;
};

/// Reads a unified diff of text files, with or without git's headers, as `git diff`, `git show`,
/// `git format-patch` and diff(1) make them. Ignores mail text before the first file and after the
/// line `-- `.
/// kInvalidArgument: `patch must not be empty`, `rename and copy patches are not supported`,
/// `unsupported patch feature: LINE`, the rules on paths (workspace_path.h), or a duplicate file.
std::vector<FilePatch> parse_patch(std::string_view patch);

}  // namespace pyro::files
