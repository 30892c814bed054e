#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pyro::files {

/// The names of a file before and after, as a patch has them; nothing for /dev/null.
struct PatchLabels {
  std::optional<std::string> before;
  std::optional<std::string> after;
};

/// The name after `--- ` or `+++ `, unquoted and without a time stamp. kInvalidArgument:
/// `unsupported patch feature: …` for a name that is not well-formed.
std::optional<std::string> read_label(std::string_view text);

/// The names after `diff --git `, for a section that has no other labels; nothing when it cannot be
/// told where the first name ends.
std::optional<PatchLabels> read_git_header(std::string_view text);

/// The path that both labels mean, clean: with or without `a/` and `b/`, or as `/workspace/…`.
/// kInvalidArgument: `rename and copy patches are not supported` when they mean two.
std::string path_of(const PatchLabels& labels);

}  // namespace pyro::files
