#include "gateway/cli/commands/workspace/export/export_text.h"

#include <fmt/core.h>

#include "gateway/cli/commands/workspace/parts_text.h"

namespace pyro::cli {
std::string exported_text(const api::Exported& exported) {
  return fmt::format("exported {} {} to {} ({}{})\n", api::name_of(exported.artifact_type),
                     path_text(exported.workspace_path), path_text(exported.output_path),
                     amount_text(exported.entry_count, exported.bytes_written),
                     skipped_text(exported.skipped_count));
}

}  // namespace pyro::cli
