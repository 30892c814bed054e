#include "services/image/debian_builder.h"

#include "services/image/apt_source.h"
#include "services/image/kernel_builder.h"
#include "services/image/rootfs_builder.h"
#include "services/image/tool.h"

namespace pyro::image {

namespace fs = std::filesystem;

std::string DebianBuilder::build_rootfs(const CatalogEntry& entry, const fs::path& scratch,
                                        const fs::path& result, const Work& work) {
  require_tools(needed_tools());
  const AptSource source = choose_apt_source(mirror_, work);
  build_debian_rootfs(entry, source, scratch, result, work);
  return source.description;
}

KernelPackage DebianBuilder::find_kernel(const fs::path& scratch, const Work& work) {
  require_tools(needed_tools());
  return find_debian_kernel(choose_apt_source(mirror_, work), scratch, work);
}

BuiltKernel DebianBuilder::build_kernel(const KernelPackage& package, const fs::path& scratch,
                                        const fs::path& result, const Work& work) {
  return build_debian_kernel(choose_apt_source(mirror_, work), package, scratch, result, work);
}

}  // namespace pyro::image
