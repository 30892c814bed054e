#include "services/image/environment_store.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "common/base/error.h"
#include "common/base/reasons/stack.h"
#include "common/digest/sha256.h"
#include "common/work/work_lock.h"
#include "services/image/file_errors.h"
#include "services/image/garbage.h"
#include "services/image/run_both.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;

/// The manifest of `directory` when it is the one of that digest and all its files are whole.
template <class Manifest>
std::optional<Manifest> verified(const fs::path& directory, const std::string& digest,
                                 const std::stop_token& stop) {
  if (!is_sha256(digest)) return std::nullopt;
  auto manifest = read_record<Manifest>(directory / kManifestName);
  if (!manifest || manifest->digest() != digest) return std::nullopt;
  const Verdict verdict = verify_files(directory, manifest->files, stop);
  if (verdict == Verdict::kWrong) return std::nullopt;
  if (verdict == Verdict::kRestamped) write_record(directory / kManifestName, *manifest);
  return manifest;
}

/// Makes a complete directory of what was built, ready to get its name.
template <class Manifest>
void seal(const fs::path& result, const Manifest& manifest) {
  DirectoryLease::prepare(result);
  write_record(result / kManifestName, manifest);
  sync_path(result);
}

/// Gives a sealed directory its name, under the store's lock. A whole one that has the name already
/// remains: its digest says that it is the same.
template <class Manifest>
void place(const fs::path& result, const fs::path& final_path) {
  if (fs::exists(final_path)) {
    if (verified<Manifest>(final_path, final_path.filename(), {})) return;
    set_aside(final_path);
  }
  if (::rename(result.c_str(), final_path.c_str()) != 0) {
    throw system_error(fmt::format("rename '{}' to '{}'", result.string(), final_path.string()));
  }
  sync_path(final_path.parent_path());
}

/// One sink for two threads.
Work serialised(const Work& work, const std::shared_ptr<std::mutex>& mutex) {
  Work copy = work;
  if (work.progress) {
    copy.progress = [sink = work.progress, mutex](const api::Progress& progress) {
      const std::lock_guard lock(*mutex);
      sink(progress);
    };
  }
  return copy;
}

}  // namespace

struct EnvironmentStore::NewRootfs {
  std::optional<BuildDirectory> directory;  ///< empty: what is installed is whole
  RootfsManifest manifest;
  std::string source;
};

struct EnvironmentStore::NewKernel {
  /// It is in its place before anything refers to it: held against a sweep.
  std::optional<DirectoryLease> lease;
  KernelManifest manifest;
};

EnvironmentStore::EnvironmentStore(const StorePaths& paths, Builder& builder)
    : paths_{.environments_dir = fs::absolute(paths.environments_dir),
             .kernels_dir = fs::absolute(paths.kernels_dir)},
      builder_(builder) {
  for (const auto& directory :
       {paths_.environments_dir, paths_.kernels_dir, paths_.references(), paths_.locks()}) {
    make_private_directory(directory);
  }
}

void EnvironmentStore::collect_garbage() { sweep(paths_, Sweep::kGarbage); }

api::EnvironmentList EnvironmentStore::list(const std::stop_token& stop) {
  api::EnvironmentList list{.catalog_version = std::string(kCatalogVersion), .environments = {}};
  for (const auto& entry : catalog()) {
    list.environments.push_back(describe(entry, find(entry, stop)));
  }
  return list;
}

api::Environment EnvironmentStore::inspect(const std::string& name, const std::stop_token& stop) {
  const auto& entry = find_in_catalog(name);
  return describe(entry, find(entry, stop));
}

api::Environment EnvironmentStore::pull(const std::string& name, const Work& work) {
  const auto& entry = find_in_catalog(name);
  return describe(entry, install(entry, work));
}

api::BootFiles EnvironmentStore::resolve(const std::string& name, const Work& work) {
  const auto& entry = find_in_catalog(name);
  const Found found = install(entry, work);
  const fs::path kernel = paths_.kernel(found.reference->kernel_digest);
  return {.environment = entry.name,
          .environment_version = entry.version,
          .environment_digest = found.reference->rootfs_digest,
          .rootfs_path = paths_.environment(found.reference->rootfs_digest) / "rootfs.ext4",
          .kernel_path = kernel / "vmlinux",
          .kernel_release = found.kernel->release,
          .modules_dir = kernel / "modules",
          .modules = found.kernel->modules};
}

api::PruneResult EnvironmentStore::prune() {
  Swept swept = sweep(paths_, Sweep::kUnused);
  return {.deleted_environment_dirs = swept.environment_dirs,
          .count = static_cast<std::uint32_t>(swept.environment_dirs.size()),
          .freed_bytes = swept.freed_bytes};
}

EnvironmentStore::Found EnvironmentStore::find(const CatalogEntry& entry,
                                               const std::stop_token& stop) const {
  Found found;
  found.reference = read_record<Reference>(paths_.reference(entry.name));
  if (!found.reference || found.reference->environment != entry.name ||
      found.reference->version != entry.version) {
    return {};
  }
  found.rootfs = find_rootfs(found.reference->rootfs_digest, stop);
  found.kernel = find_kernel(found.reference->kernel_digest, stop);
  return found;
}

std::optional<RootfsManifest> EnvironmentStore::find_rootfs(const std::string& digest,
                                                            const std::stop_token& stop) const {
  return verified<RootfsManifest>(paths_.environment(digest), digest, stop);
}

std::optional<KernelManifest> EnvironmentStore::find_kernel(const std::string& digest,
                                                            const std::stop_token& stop) const {
  return verified<KernelManifest>(paths_.kernel(digest), digest, stop);
}

EnvironmentStore::Found EnvironmentStore::install(const CatalogEntry& entry, const Work& work) {
  // Every boot comes by here, and most find all in place: no lock for that.
  if (Found found = find(entry, work.stop); found.installed()) return found;
  const WorkLock lock = WorkLock::acquire(paths_.pull_lock(entry.name),
                                          fmt::format("another pull of '{}'", entry.name), work);
  Found found = find(entry, work.stop);
  if (found.installed()) return found;
  discard_wrong(entry, found, work);
  return with_context(fmt::format("pull environment '{}'", entry.name),
                      [&] { return with_file_errors([&] { return build(entry, found, work); }); });
}

void EnvironmentStore::discard_wrong(const CatalogEntry& entry, const Found& found,
                                     const Work& work) const {
  if (!found.reference) return;
  const auto drop = [&](const fs::path& directory, std::string_view what) {
    if (!fs::exists(directory)) return;
    work.report("verify", fmt::format("the {} of '{}' in '{}' is not what was installed: "
                                      "it is removed and built again",
                                      what, entry.name, directory.string()));
    discard(paths_, directory);
  };
  if (!found.rootfs && is_sha256(found.reference->rootfs_digest)) {
    drop(paths_.environment(found.reference->rootfs_digest), "root file system");
  }
  if (!found.kernel && is_sha256(found.reference->kernel_digest)) {
    drop(paths_.kernel(found.reference->kernel_digest), "kernel");
  }
}

EnvironmentStore::Found EnvironmentStore::build(const CatalogEntry& entry, const Found& found,
                                                const Work& work) {
  NewRootfs rootfs;
  NewKernel kernel;
  const Work both = serialised(work, std::make_shared<std::mutex>());
  run_both(
      [&](const std::stop_token& stop) {
        Work part = both;
        part.stop = stop;
        if (!found.rootfs) return build_rootfs(entry, rootfs, part);
        rootfs.manifest = *found.rootfs;
        rootfs.source = found.reference->source;
      },
      [&](const std::stop_token& stop) {
        Work part = both;
        part.stop = stop;
        if (!found.kernel) return build_kernel(kernel, part);
        kernel.lease = DirectoryLease::take(paths_.kernel(found.reference->kernel_digest));
        kernel.manifest = *found.kernel;
      },
      work.stop);

  Reference reference{.environment = entry.name,
                      .version = entry.version,
                      .rootfs_digest = rootfs.manifest.digest(),
                      .kernel_digest = kernel.manifest.digest(),
                      .source = rootfs.source,
                      .installed_at = now_epoch_seconds()};
  work.report("install", fmt::format("installing {}", reference.rootfs_digest.substr(0, 12)));
  // Files first, their name last; a collector waits, since nothing refers to the files in between.
  const FileLock store = FileLock::wait(paths_.store_lock());
  const fs::path place_of_rootfs = paths_.environment(reference.rootfs_digest);
  if (rootfs.directory) place<RootfsManifest>(rootfs.directory->result(), place_of_rootfs);
  if (!fs::exists(place_of_rootfs)) {
    throw unavailable(reason::kBusy, "its root file system was pruned meanwhile: try again");
  }
  write_record(paths_.reference(entry.name), reference);
  return {.reference = std::move(reference),
          .rootfs = std::move(rootfs.manifest),
          .kernel = std::move(kernel.manifest)};
}

void EnvironmentStore::build_rootfs(const CatalogEntry& entry, NewRootfs& rootfs,
                                    const Work& work) {
  const auto& directory = rootfs.directory.emplace(paths_, paths_.environments_dir);
  rootfs.source = builder_.build_rootfs(entry, directory.scratch(), directory.result(), work);
  work.report("digest", "taking the digest of the root file system");
  rootfs.manifest.files = {record_file(directory.result(), "rootfs.ext4", work.stop)};
  seal(directory.result(), rootfs.manifest);
}

void EnvironmentStore::build_kernel(NewKernel& kernel, const Work& work) {
  // Another environment's pull may be about to install the very same kernel.
  const WorkLock lock = WorkLock::acquire(paths_.kernel_lock(), "another pull of the kernel", work);
  const BuildDirectory directory(paths_, paths_.kernels_dir);
  const KernelPackage package = builder_.find_kernel(directory.scratch(), work);
  if (!adopt_kernel(package, kernel, work)) build_kernel_files(package, directory, kernel, work);
}

void EnvironmentStore::build_kernel_files(const KernelPackage& package,
                                          const BuildDirectory& directory, NewKernel& kernel,
                                          const Work& work) {
  const fs::path result = directory.result();
  const BuiltKernel built = builder_.build_kernel(package, directory.scratch(), result, work);
  kernel.manifest = {.package = package.name,
                     .package_version = package.version,
                     .release = built.release,
                     .modules = built.modules,
                     .files = {}};
  std::vector<std::string> files = {"vmlinux"};
  for (const auto& module : built.modules) files.push_back("modules/" + module);
  for (const auto& file : files) {
    kernel.manifest.files.push_back(record_file(result, file, work.stop));
  }
  sync_path(result / "modules");
  seal(result, kernel.manifest);
  const fs::path final_path = paths_.kernel(kernel.manifest.digest());
  const FileLock store = FileLock::wait(paths_.store_lock());
  place<KernelManifest>(result, final_path);
  kernel.lease = DirectoryLease::take(final_path);
}

bool EnvironmentStore::adopt_kernel(const KernelPackage& package, NewKernel& kernel,
                                    const Work& work) const {
  for (const auto& entry : fs::directory_iterator(paths_.kernels_dir)) {
    const std::string digest = entry.path().filename();
    auto manifest = is_sha256(digest) ? read_record<KernelManifest>(entry.path() / kManifestName)
                                      : std::optional<KernelManifest>();
    if (!manifest || manifest->package != package.name ||
        manifest->package_version != package.version) {
      continue;
    }
    try {
      kernel.lease = DirectoryLease::take(entry.path());
    } catch (const Error&) {
      continue;
    }
    manifest = find_kernel(digest, work.stop);
    if (!manifest) continue;
    kernel.manifest = std::move(*manifest);
    return true;
  }
  return false;
}

api::Environment EnvironmentStore::describe(const CatalogEntry& entry, const Found& found) const {
  api::Environment environment{.name = entry.name,
                               .version = entry.version,
                               .description = entry.description,
                               .distribution = std::string(kDistribution),
                               .distribution_version = std::string(kDistributionVersion),
                               .default_packages = entry.packages,
                               .platform = std::string(kPlatform),
                               .installed = found.installed(),
                               .cache_dir = paths_.environments_dir,
                               .install_dir = {},
                               .size_bytes = {},
                               .digest = {},
                               .source = {}};
  if (found.installed()) {
    const fs::path directory = paths_.environment(found.reference->rootfs_digest);
    environment.install_dir = directory;
    environment.size_bytes = disk_usage(directory);
    environment.digest = found.reference->rootfs_digest;
    environment.source = found.reference->source;
  }
  return environment;
}

}  // namespace pyro::image
