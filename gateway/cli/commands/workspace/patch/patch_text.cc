#include "gateway/cli/commands/workspace/patch/patch_text.h"

#include <fmt/core.h>

#include "gateway/cli/commands/workspace/parts_text.h"
#include "gateway/cli/text/human.h"

namespace pyro::cli {
namespace {

constexpr std::size_t kNamed = 10;

}  // namespace

std::string patch_applied_text(const api::PatchApplied& applied) {
  const std::string left_out =
      applied.left_out.empty()
          ? ""
          : "left out, submodules: " + some_of(applied.left_out, kNamed) + "\n";
  if (!applied.changed) return "the patch changed nothing\n" + left_out;
  std::string text = counts_text({.total = applied.summary.total,
                                  .added = applied.summary.added,
                                  .modified = applied.summary.modified,
                                  .deleted = applied.summary.deleted},
                                 "file") +
                     "\n";
  for (const auto& entry : applied.entries) {
    text += fmt::format("  {} {}", api::name_of(entry.status), path_text(entry.path));
    if (entry.offset_lines) text += fmt::format(" (displaced by {} lines)", *entry.offset_lines);
    text += "\n";
  }
  return text + left_out;
}

}  // namespace pyro::cli
