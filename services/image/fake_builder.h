#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "common/base/files.h"
#include "services/image/builder.h"

namespace pyro::image {

/// A working Builder of tiny files for tests: what is built, when it waits and how it fails can be
/// set by functions that run in the middle of a build.
class FakeBuilder : public Builder {
 public:
  std::string build_rootfs(const CatalogEntry& entry, const std::filesystem::path& scratch,
                           const std::filesystem::path& result, const Work& work) override {
    ++rootfs_builds;
    write_file_atomically(scratch / "half", "half");
    if (during_rootfs) during_rootfs(work);
    write_file_atomically(result / "rootfs.ext4", rootfs_content + entry.name);
    return "http://archive.example/debian";
  }

  KernelPackage find_kernel(const std::filesystem::path&, const Work& work) override {
    if (during_kernel) during_kernel(work);
    return kernel;
  }

  BuiltKernel build_kernel(const KernelPackage& package, const std::filesystem::path&,
                           const std::filesystem::path& result, const Work&) override {
    ++kernel_builds;
    std::filesystem::create_directory(result / "modules");
    write_file_atomically(result / "vmlinux", "vmlinux " + package.version);
    write_file_atomically(result / "modules/virtio.ko", "virtio");
    return {.release = "6.1.0", .modules = {"virtio.ko"}};
  }

  std::string rootfs_content = "rootfs of ";
  KernelPackage kernel = {"linux-image-6.1.0", "6.1-1"};
  std::function<void(const Work&)> during_rootfs;
  std::function<void(const Work&)> during_kernel;
  std::atomic<int> rootfs_builds = 0;
  std::atomic<int> kernel_builds = 0;
};

}  // namespace pyro::image
