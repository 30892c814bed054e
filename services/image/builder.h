#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/work/work.h"
#include "services/image/catalog.h"

namespace pyro::image {

/// A kernel package of the archive.
struct KernelPackage {
  std::string name;
  std::string version;
  bool operator==(const KernelPackage&) const = default;
};

/// The files of a built one: `result/vmlinux` and `result/modules/*.ko`.
struct BuiltKernel {
  std::string release;
  /// File names below modules/, each after what it depends on.
  std::vector<std::string> modules;
};

/// Makes the files of environments. Both kinds are built at the same time from two threads.
/// `scratch` is an empty directory that is thrown away, `result` one that becomes the installed
/// one. Everything that is started has ended when a call returns or throws.
class Builder {
 public:
  virtual ~Builder() = default;

  /// Writes `result/rootfs.ext4`; returns where its packages came from.
  virtual std::string build_rootfs(const CatalogEntry& entry, const std::filesystem::path& scratch,
                                   const std::filesystem::path& result, const Work& work) = 0;

  /// The newest kernel package of the archive.
  virtual KernelPackage find_kernel(const std::filesystem::path& scratch, const Work& work) = 0;

  /// Builds the package found with the same `scratch`.
  virtual BuiltKernel build_kernel(const KernelPackage& package,
                                   const std::filesystem::path& scratch,
                                   const std::filesystem::path& result, const Work& work) = 0;
};

}  // namespace pyro::image
