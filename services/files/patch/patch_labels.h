#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pyro::files {

/// The names of a file before and after, as in the patch; nullopt for /dev/null.
struct PatchLabels {
  std::optional<std::string> before;
  std::optional<std::string> after;
};

/// The name after `--- ` or `+++ `, unquoted and without a time stamp. kInvalidArgument:
/// `unsupported patch feature: …` for a malformed name.
std::optional<std::string> read_label(std::string_view text);

/// Whether the time stamp behind the name is the one that diff(1) gives a file that is not there.
bool says_absent(std::string_view text);

/// The names after `diff --git `, for a section without other labels; nullopt if the end of the
/// first name is ambiguous.
std::optional<PatchLabels> read_git_header(std::string_view text);

/// The clean path that both labels mean, with or without `a/` and `b/`, below two directories, or
/// as `/workspace/…`. `known` is the path of the header, where there is one. kInvalidArgument: they
/// mean different ones.
std::string path_of(const PatchLabels& labels, std::string_view known = {});

}  // namespace pyro::files
