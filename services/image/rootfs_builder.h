#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/work/work.h"
#include "services/image/apt_source.h"
#include "services/image/catalog.h"

namespace pyro::image {

/// Builds `result/rootfs.ext4` from Debian packages without root.
void build_debian_rootfs(const CatalogEntry& entry, const AptSource& source,
                         const std::filesystem::path& scratch, const std::filesystem::path& result,
                         const Work& work);

/// The mmdebstrap command line that writes `tarball`.
std::vector<std::string> mmdebstrap_arguments(const CatalogEntry& entry, const AptSource& source,
                                              const std::filesystem::path& sources_list,
                                              const std::filesystem::path& tarball);

/// Passes on what a line of mmdebstrap's standard error says of its progress, if anything.
void report_mmdebstrap_line(std::string_view line, const Work& work);

/// An ext4 file system must have room for this.
struct TreeSize {
  std::uint64_t blocks = 0;  ///< of 4 KiB
  std::uint64_t inodes = 0;
};

/// Room for all that is in the tarball. kInvalidArgument when it is no complete one.
TreeSize measure_tarball(const std::filesystem::path& tarball);

}  // namespace pyro::image
