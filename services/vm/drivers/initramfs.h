#pragma once

#include <filesystem>

#include "common/api/environment.h"

namespace pyro::vm {

/// The initramfs that boots `boot`'s kernel: `/init` is the agent at `agent`, `/modules/order`
/// names the files in /modules in the order to load them. Made once per content in `cache_dir`,
/// complete or absent; returns its path.
std::filesystem::path ensure_initramfs(const std::filesystem::path& cache_dir,
                                       const std::filesystem::path& agent,
                                       const api::BootFiles& boot);

}  // namespace pyro::vm
