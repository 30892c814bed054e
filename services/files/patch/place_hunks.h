#pragma once

#include <string>
#include <string_view>

#include "services/files/patch/patch_text.h"

namespace pyro::files {

/// The hunks of a file in the form that git takes.
struct PlacedHunks {
  std::string text{};
  /// For `git apply --unidiff-zero`: only their numbers place them.
  bool by_numbers = false;
};

/// Makes git's hunks of those of a patch for a file with this content. Hunks that fit as they are
/// stay; git finds their place. Else each gets the one place where its lines are, by their text:
/// line ends and a missing last line end are the file's, since models do not see them.
/// failed_precondition: a hunk without numbers fits nowhere, or in several places.
PlacedHunks place_hunks(const FilePatch& patch, std::string_view content);

/// Says which hunk of the patch does not fit, where, and what is there.
std::string difference(const FilePatch& patch, std::string_view content);

}  // namespace pyro::files
