#include "gateway/cli/commands/workspace/sync/sync_text.h"

#include <fmt/core.h>

#include "gateway/cli/commands/workspace/parts_text.h"

namespace pyro::cli {
std::string pushed_text(const api::PushedSync& pushed) {
  const auto& sync = pushed.workspace_sync;
  return fmt::format("pushed {} to {} ({}{})\n", path_text(sync.source_path),
                     path_text(sync.destination), amount_text(sync.entry_count, sync.bytes_written),
                     skipped_text(sync.skipped_count));
}

}  // namespace pyro::cli
