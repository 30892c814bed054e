#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/work/work.h"
#include "services/files/patch/patch_text.h"

namespace pyro::files {

/// One file for git to patch.
struct GitPatchInput {
  const FilePatch* patch = nullptr;  ///< with hunks
  std::string content{};             ///< now; unused for a new file
};

struct GitPatchOutput {
  std::string content{};  ///< "" for a deleted file
  /// Offset of the first displaced hunk.
  std::optional<std::int64_t> offset_lines{};
};

/// Runs `git apply` on all files at once, in its own directory, where they are named f0, f1, …;
/// outputs are in the order of the inputs. failed_precondition: `patch context does not match for
/// P` for the first file that does not fit.
std::vector<GitPatchOutput> git_apply(const std::vector<GitPatchInput>& inputs,
                                      const std::filesystem::path& scratch, const Work& work);

}  // namespace pyro::files
