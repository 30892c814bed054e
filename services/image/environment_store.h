#pragma once

#include <optional>
#include <string>

#include "common/api/environment.h"
#include "common/directory_lease/directory_lease.h"
#include "common/work/work.h"
#include "services/image/build_directory.h"
#include "services/image/builder.h"
#include "services/image/catalog.h"
#include "services/image/manifest.h"
#include "services/image/store_paths.h"

namespace pyro::image {

/// Installed environments and their kernels, content-addressed on disk:
///
///     $environments_dir/<digest>/{rootfs.ext4,manifest.json,in-use}
///     $environments_dir/references/<name>.json          which digests a name stands for
///     $environments_dir/locks/
///     $kernels_dir/<digest>/{vmlinux,modules/*.ko,manifest.json,in-use}
///
/// An environment is installed when its reference is there, is of the catalog's version, and all
/// files that it names are whole. The reference is written last, so a kill at any moment leaves
/// the old state or the new one, and garbage. Methods may be called from several threads, and
/// several processes may use one store.
class EnvironmentStore {
 public:
  /// Makes the directories, 0700. `builder` outlives the store.
  EnvironmentStore(const StorePaths& paths, Builder& builder);

  /// Removes what a kill left behind. To be called at start.
  void collect_garbage();

  api::EnvironmentList list(const std::stop_token& stop);
  api::Environment inspect(const std::string& name, const std::stop_token& stop);
  /// Installs it unless it is there; of two at once one builds, and the other waits.
  api::Environment pull(const std::string& name, const Work& work);
  /// The files to boot it from, verified; installed first when missing. The caller takes an
  /// DirectoryLease on both directories, and resolves again when that is kNotFound.
  api::BootFiles resolve(const std::string& name, const Work& work);
  /// Deletes every unused environment and kernel, and leftovers.
  api::PruneResult prune();

 private:
  /// The whole parts of one environment on disk.
  struct Found {
    std::optional<Reference> reference;
    std::optional<RootfsManifest> rootfs;
    std::optional<KernelManifest> kernel;
    bool installed() const { return reference && rootfs && kernel; }
  };
  struct NewRootfs;
  struct NewKernel;

  Found find(const CatalogEntry& entry, const std::stop_token& stop) const;
  std::optional<RootfsManifest> find_rootfs(const std::string& digest,
                                            const std::stop_token& stop) const;
  std::optional<KernelManifest> find_kernel(const std::string& digest,
                                            const std::stop_token& stop) const;
  Found install(const CatalogEntry& entry, const Work& work);
  Found build(const CatalogEntry& entry, const Found& found, const Work& work);
  void discard_wrong(const CatalogEntry& entry, const Found& found, const Work& work) const;
  void build_rootfs(const CatalogEntry& entry, NewRootfs& rootfs, const Work& work);
  void build_kernel(NewKernel& kernel, const Work& work);
  void build_kernel_files(const KernelPackage& package, const BuildDirectory& directory,
                          NewKernel& kernel, const Work& work);
  bool adopt_kernel(const KernelPackage& package, NewKernel& kernel, const Work& work) const;
  api::Environment describe(const CatalogEntry& entry, const Found& found) const;

  StorePaths paths_;
  Builder& builder_;
};

}  // namespace pyro::image
