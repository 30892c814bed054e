#include "gateway/cli/commands/workspace/diff/diff_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "gateway/cli/commands/workspace/parts_text.h"
#include "gateway/cli/text/human.h"

namespace pyro::cli {
namespace {

constexpr std::size_t kNamed = 10;

std::string ignored_note(const api::Diff& diff) {
  const std::string text = ignored_text(diff.summary.ignored_count);
  return text.empty() ? "" : text + " (--ignored shows them)";
}

}  // namespace

std::string diff_note(const api::Diff& diff) {
  if (!diff.changed) {
    return "nothing changed since the workspace was created" + ignored_note(diff) + "\n";
  }
  std::string text = counts_text({.total = diff.summary.total,
                                  .added = diff.summary.added,
                                  .modified = diff.summary.modified,
                                  .deleted = diff.summary.deleted,
                                  .type_changed = diff.summary.type_changed},
                                 "path") +
                     ignored_note(diff) + "\n";
  std::vector<std::string> not_text;
  for (const auto& entry : diff.entries) {
    const bool omitted = std::find(diff.patch_omits.begin(), diff.patch_omits.end(), entry.path) !=
                         diff.patch_omits.end();
    if (!entry.text_patch && !omitted) not_text.push_back(entry.path);
  }
  if (!not_text.empty()) text += "changed, but not as text: " + some_of(not_text, kNamed) + "\n";
  if (!diff.patch_omits.empty()) {
    text += fmt::format(
        "too large for the patch: {}; pyro workspace export {} PATH --output HOST_PATH\n",
        some_of(diff.patch_omits, kNamed), diff.workspace_id);
  }
  return text;
}

}  // namespace pyro::cli
