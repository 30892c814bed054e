#pragma once

#include <string>

#include "common/api/workspace_disk.h"

namespace pyro::cli {

std::string disk_exported_text(const api::DiskExported& exported);

}  // namespace pyro::cli
