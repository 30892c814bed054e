#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/work/work.h"
#include "services/files/patch/patch_text.h"
#include "services/files/patch/place_hunks.h"

namespace pyro::files {

/// One file for git to patch, with hunks or binary content.
struct GitPatchInput {
  const FilePatch* patch = nullptr;
  std::string_view content{};  ///< now; "" for a new file
};

struct GitPatchOutput {
  std::string content{};  ///< "" for a deleted file
  /// Offset of the first displaced hunk.
  std::optional<std::int64_t> offset_lines{};
};

/// Runs `git apply` on all files at once, in its own directory, where they are named f0, f1, … and
/// are plain files, whatever they are in the tree; outputs are in the order of the inputs.
/// failed_precondition: `patch context does not match for P: …` for the first file that does not
/// fit. resource_exhausted: git takes too much time, memory or disk.
std::vector<GitPatchOutput> git_apply(const std::vector<GitPatchInput>& inputs,
                                      const std::filesystem::path& scratch, const Work& work);

}  // namespace pyro::files
