#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/child_process.h"
#include "services/image/apt_source.h"
#include "services/image/builder.h"

namespace pyro::image {

/// An apt of our own below one directory, with its own lists, state and configuration: it needs no
/// root, sees none of the host's other archives, and changes nothing on the host.
class AptRoot {
 public:
  AptRoot(std::filesystem::path directory, const AptSource& source);

  /// Fetches the package lists; an archive that does not answer is kUnavailable.
  void update(const Work& work) const;

  /// The package that the meta package `name` stands for today, with its version.
  KernelPackage resolve_meta_package(const std::string& name, const Work& work) const;

  /// The path of the downloaded .deb, checked by apt against the signed lists.
  std::filesystem::path download(const KernelPackage& package, const Work& work) const;

 private:
  Command command(std::vector<std::string> argv) const;
  std::filesystem::path directory_;
};

/// The first `linux-image-…` among the lines of `apt-cache depends`, or "".
std::string kernel_package_from_depends(std::string_view text);

}  // namespace pyro::image
