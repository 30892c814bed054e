#include "services/files/patch/patch_labels.h"

#include <algorithm>

#include "common/base/text.h"
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

/// diff(1) gives a file that is not there the time 0, in the time zone of its user.
bool is_epoch(std::string_view time) {
  const bool at_midnight = time.starts_with("1970-01-01 ") || time.starts_with("1969-12-31 ");
  const std::size_t zone = time.find_last_of("+-");
  if (!at_midnight || time.size() < 19 || zone < 19 || zone + 5 != time.size()) return false;
  const auto number = [time](std::size_t at) { return (time[at] - '0') * 10 + time[at + 1] - '0'; };
  const auto is_zero = [](char c) { return c == '0' || c == '.' || c == ':' || c == ' '; };
  const std::string_view seconds = time.substr(16, zone - 16);
  if (!std::all_of(seconds.begin(), seconds.end(), is_zero)) return false;
  const int minutes = (time.starts_with("1970") ? 0 : -24 * 60) + number(11) * 60 + number(14);
  const int offset = number(zone + 1) * 60 + number(zone + 3);
  return minutes == (time[zone] == '-' ? -offset : offset);
}

/// Without its first directory, as `git apply` reads names; "" if there is none.
std::string_view without_first(std::string_view name) {
  const std::size_t slash = name.find('/');
  return slash == name.npos ? "" : name.substr(slash + 1);
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

bool says_absent(std::string_view text) {
  const std::size_t tab = text.find('\t');
  return tab != text.npos && is_epoch(trim(text.substr(tab)));
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

std::string path_of(const PatchLabels& labels, std::string_view known) {
  const auto [before, after] = labels;
  if (!before && !after) throw unsupported_patch("--- /dev/null", "of no file");
  // A header says which part of a single name is a prefix.
  const bool is_single = !before || !after;
  if (is_single && !known.empty() && without_first(before ? *before : *after) == known) {
    return std::string(known);
  }
  const auto old_name = before ? without("a/", *before) : std::nullopt;
  const auto new_name = after ? without("b/", *after) : std::nullopt;
  if (!before) return new_name ? git_path(*new_name) : workspace_path(*after);
  if (!after) return old_name ? git_path(*old_name) : workspace_path(*before);
  // A directory may be named `a`: the prefixes are prefixes where the rest then is the same.
  if (old_name && new_name && git_path(*old_name) == git_path(*new_name)) {
    return git_path(*old_name);
  }
  std::string path = workspace_path(*before);
  const std::string other = workspace_path(*after);
  if (path == other) return path;
  if (old_name && git_path(*old_name) == other) return other;
  if (new_name && path == git_path(*new_name)) return path;
  // `diff -r old new`, and prefixes such as `i/` and `w/`.
  const std::string_view rest = without_first(*after);
  if (!rest.empty() && !before->starts_with('/') && without_first(*before) == rest) {
    return git_path(rest);
  }
  // `file.orig` and `file`.
  if (path.starts_with(other)) return other;
  if (other.starts_with(path)) return path;
  throw unsupported_patch("--- " + *before, "its labels name two files");
}

}  // namespace pyro::files
