#pragma once

#include <filesystem>

#include "services/image/apt_source.h"
#include "services/image/builder.h"

namespace pyro::image {

/// Debian's kernel for virtual machines: a meta package that depends on the newest one.
inline constexpr const char* kKernelMetaPackage = "linux-image-cloud-amd64";

/// Fetches the package lists into `scratch` and names the newest kernel package.
KernelPackage find_debian_kernel(const AptSource& source, const std::filesystem::path& scratch,
                                 const Work& work);

/// Downloads and unpacks it in `scratch`; writes `result/vmlinux` and `result/modules/*.ko`.
BuiltKernel build_debian_kernel(const AptSource& source, const KernelPackage& package,
                                const std::filesystem::path& scratch,
                                const std::filesystem::path& result, const Work& work);

/// The same from a package that is unpacked already: `unpacked/boot` and `unpacked/lib/modules`.
BuiltKernel take_kernel_files(const std::filesystem::path& unpacked,
                              const std::filesystem::path& result, const Work& work);

}  // namespace pyro::image
