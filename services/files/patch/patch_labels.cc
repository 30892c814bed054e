#include "services/files/patch/patch_labels.h"

#include "services/files/git_names.h"
#include "services/files/patch/patch_refusal.h"
#include "services/files/workspace_path.h"

namespace pyro::files {
namespace {

constexpr std::string_view kNothing = "/dev/null";

std::optional<std::string> without(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  return std::string(name.substr(prefix.size()));
}

/// The first name of a header and what follows it and a space.
struct Halves {
  std::string before;
  std::string after;
};

std::optional<Halves> quoted_halves(std::string_view text) {
  Halves halves;
  if (const auto first = unquote_name(text)) {
    halves.before = first->name;
    text.remove_prefix(first->length);
  } else {
    const std::size_t quote = text.find(" \"");
    if (quote == text.npos) return std::nullopt;
    halves.before = text.substr(0, quote);
    text.remove_prefix(quote);
  }
  if (!text.starts_with(' ')) return std::nullopt;
  text.remove_prefix(1);
  if (!text.starts_with('"')) {
    halves.after = text;
    return halves;
  }
  const auto second = unquote_name(text);
  if (!second || second->length != text.size()) return std::nullopt;
  halves.after = second->name;
  return halves;
}

/// Of what stood after the prefix.
std::string git_path(std::string_view name) { return workspace_path(name, PathUse::kGitName); }

}  // namespace

std::optional<std::string> read_label(std::string_view text) {
  std::string name;
  if (text.starts_with('"')) {
    const auto unquoted = unquote_name(text);
    if (!unquoted) throw unsupported_patch(text);
    name = unquoted->name;
  } else {
    // A name with a tab would be quoted: what follows one is a time stamp.
    name = text.substr(0, text.find('\t'));
  }
  if (name == kNothing) return std::nullopt;
  return name;
}

std::optional<PatchLabels> read_git_header(std::string_view text) {
  if (text.find('"') != text.npos) {
    if (const auto halves = quoted_halves(text)) return PatchLabels{halves->before, halves->after};
  }
  // Without labels of its own a section is of one file: both names are as long, but for their
  // prefixes, which are as long as well.
  const std::size_t middle = text.size() / 2;
  if (text.size() % 2 == 0 || text[middle] != ' ') return std::nullopt;
  return PatchLabels{std::string(text.substr(0, middle)), std::string(text.substr(middle + 1))};
}

std::string path_of(const PatchLabels& labels) {
  const auto [before, after] = labels;
  if (!before && !after) throw unsupported_patch("--- /dev/null", "of no file");
  const auto old_name = before ? without("a/", *before) : std::nullopt;
  const auto new_name = after ? without("b/", *after) : std::nullopt;
  if (!before) return new_name ? git_path(*new_name) : workspace_path(*after);
  if (!after) return old_name ? git_path(*old_name) : workspace_path(*before);
  // A directory may be named `a`: the prefixes are prefixes where the rest then is the same.
  if (old_name && new_name && git_path(*old_name) == git_path(*new_name)) {
    return git_path(*old_name);
  }
  std::string path = workspace_path(*before);
  if (path == workspace_path(*after)) return path;
  if (old_name && git_path(*old_name) == workspace_path(*after)) {
    return git_path(*old_name);
  }
  if (new_name && path == git_path(*new_name)) return path;
  throw patch_renames();
}

}  // namespace pyro::files
