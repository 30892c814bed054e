#include "services/image/kernel_builder.h"

#include <fcntl.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "services/image/apt_root.h"
#include "services/image/kernel_modules.h"
#include "services/image/tool.h"
#include "services/image/vmlinux.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;

/// The one directory in lib/modules is called as `uname -r` will say.
std::string release_of(const fs::path& unpacked) {
  for (const auto& entry : fs::directory_iterator(unpacked / "lib/modules")) {
    if (entry.is_directory()) return entry.path().filename().string();
  }
  throw internal_error("the kernel package has no directory below lib/modules");
}

void write_vmlinux(const fs::path& bzimage, const fs::path& vmlinux) {
  const std::string content = with_context(fmt::format("kernel '{}'", bzimage.string()),
                                           [&] { return extract_vmlinux(read_file(bzimage)); });
  const UniqueFd fd = open_file(vmlinux, O_WRONLY | O_CREAT | O_EXCL, 0644);
  with_context(fmt::format("'{}'", vmlinux.string()), [&] { write_all(fd.get(), content); });
}

}  // namespace

KernelPackage find_debian_kernel(const AptSource& source, const fs::path& scratch,
                                 const Work& work) {
  const AptRoot apt(scratch / "apt", source);
  work.report("kernel", "fetching the package lists for the kernel");
  apt.update(work);
  return apt.resolve_meta_package(kKernelMetaPackage, work);
}

BuiltKernel build_debian_kernel(const AptSource& source, const KernelPackage& package,
                                const fs::path& scratch, const fs::path& result, const Work& work) {
  const AptRoot apt(scratch / "apt", source);
  work.report("kernel", fmt::format("downloading {} {}", package.name, package.version));
  const fs::path deb = apt.download(package, work);
  work.report("kernel", fmt::format("unpacking {}", package.name));
  const fs::path unpacked = scratch / "kernel";
  run_tool({.argv = {"dpkg", "-x", deb.string(), unpacked.string()},
            .environment = {{"HOME", scratch.string()}, {"LC_ALL", "C.UTF-8"}}},
           work, scratch);
  return take_kernel_files(unpacked, result, work);
}

BuiltKernel take_kernel_files(const fs::path& unpacked, const fs::path& result, const Work& work) {
  BuiltKernel built{.release = release_of(unpacked), .modules = {}};
  run_tool({.argv = {"depmod", "-b", unpacked.string(), built.release}}, work, unpacked);
  const fs::path modules = unpacked / "lib/modules" / built.release;
  const auto order = modules_in_load_order(read_file(modules / "modules.dep"),
                                           read_file(modules / "modules.builtin"), guest_modules());
  fs::create_directory(result / "modules");
  for (const auto& path : order) {
    built.modules.push_back(fs::path(path).filename().string());
    copy_sparse(modules / path, result / "modules" / built.modules.back());
  }
  write_vmlinux(unpacked / "boot" / ("vmlinuz-" + built.release), result / "vmlinux");
  return built;
}

}  // namespace pyro::image
