#pragma once

#include <optional>
#include <string>

#include "services/image/builder.h"

namespace pyro::image {

/// Builds from Debian packages with the host's own tools, as any user.
class DebianBuilder : public Builder {
 public:
  /// `mirror`: the configured archive; else the host's own, see choose_apt_source.
  explicit DebianBuilder(std::optional<std::string> mirror) : mirror_(std::move(mirror)) {}

  std::string build_rootfs(const CatalogEntry& entry, const std::filesystem::path& scratch,
                           const std::filesystem::path& result, const Work& work) override;
  KernelPackage find_kernel(const std::filesystem::path& scratch, const Work& work) override;
  BuiltKernel build_kernel(const KernelPackage& package, const std::filesystem::path& scratch,
                           const std::filesystem::path& result, const Work& work) override;

 private:
  std::optional<std::string> mirror_;
};

}  // namespace pyro::image
