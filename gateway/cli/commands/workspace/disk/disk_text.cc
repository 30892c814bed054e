#include "gateway/cli/commands/workspace/disk/disk_text.h"

#include <fmt/core.h>

#include "common/base/text.h"
#include "gateway/cli/commands/workspace/parts_text.h"

namespace pyro::cli {

std::string disk_exported_text(const api::DiskExported& exported) {
  return fmt::format("exported the disk of /workspace to {} ({}, {} of {})\n",
                     path_text(exported.output_path), exported.disk_format,
                     human_size(exported.bytes_written), human_size(exported.size_bytes));
}

}  // namespace pyro::cli
