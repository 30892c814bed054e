#include "gateway/cli/commands/workspace/patch/patch_text.h"

#include <fmt/core.h>

#include "gateway/cli/commands/workspace/parts_text.h"

namespace pyro::cli {
std::string patch_applied_text(const api::PatchApplied& applied) {
  if (!applied.changed) return "the patch changed nothing\n";
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
  return text;
}

}  // namespace pyro::cli
