#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/api/field.h"

/// Operations on environments: the root file systems that machines boot. Owner: image service.
namespace pyro::api {

/// One environment of the catalog, installed or not.
struct Environment {
  std::string name;
  std::string version;
  std::string description;
  std::string distribution;
  std::string distribution_version;
  std::vector<std::string> default_packages;
  std::string platform;
  bool installed = false;
  std::string cache_dir;
  std::optional<std::string> install_dir;
  std::optional<std::uint64_t> size_bytes;
  std::optional<std::string> digest;
  std::optional<std::string> source;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &Environment::name, "Name, like debian:12.");
    f("version", &Environment::version, "Version of the catalog's recipe.");
    f("description", &Environment::description, "What it holds.");
    f("distribution", &Environment::distribution, "Distribution, like debian.");
    f("distribution_version", &Environment::distribution_version, "Its version, like 12.");
    f("default_packages", &Environment::default_packages, "Packages beyond the core system.");
    f("platform", &Environment::platform, "Platform, like linux/amd64.");
    f("installed", &Environment::installed, "Whether it is complete on this host.");
    f("cache_dir", &Environment::cache_dir, "Where environments are kept.");
    f("install_dir", &Environment::install_dir, "Its own directory, when installed.");
    f("size_bytes", &Environment::size_bytes, "Bytes it takes on disk, when installed.");
    f("digest", &Environment::digest, "Digest of its root file system, when installed.");
    f("source", &Environment::source, "Where its packages came from, when installed.");
  }
};

struct EnvironmentList {
  std::string catalog_version;
  std::vector<Environment> environments;

  template <class Fields>
  static void describe(Fields& f) {
    f("catalog_version", &EnvironmentList::catalog_version, "Version of the catalog.");
    f("environments", &EnvironmentList::environments, "Every environment of the catalog.");
  }
};

/// Lists the catalog with the installed environments.
struct ListEnvironments {
  static constexpr Method kMethod{"image.list", Idempotent::kYes};
  using Reply = EnvironmentList;

  template <class Fields>
  static void describe(Fields&) {}
};

/// One environment. not_found lists the known ones.
struct InspectEnvironment {
  static constexpr Method kMethod{"image.inspect", Idempotent::kYes};
  using Reply = Environment;
  std::string environment;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &InspectEnvironment::environment, "Environment, like debian:12.", kRequired,
      kPositional, max_length(128));
  }
};

/// Installs a missing environment; complete or not at all. Two concurrent calls build it once.
/// unavailable: no package source answers. resource_exhausted: the disk is full.
struct PullEnvironment {
  static constexpr Method kMethod{"image.pull", Idempotent::kYes};
  using Reply = Environment;
  std::string environment;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &PullEnvironment::environment, "Environment, like debian:12.", kRequired,
      kPositional, max_length(128));
  }
};

struct PruneResult {
  std::vector<std::string> deleted_environment_dirs;
  std::vector<std::string> deleted_template_dirs;
  std::uint32_t count = 0;
  std::uint64_t freed_bytes = 0;
  std::uint64_t deleted_packages = 0;
  std::uint64_t freed_package_bytes = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("deleted_environment_dirs", &PruneResult::deleted_environment_dirs,
      "Environments that were deleted.");
    f("deleted_template_dirs", &PruneResult::deleted_template_dirs,
      "Warm templates that were deleted.");
    f("count", &PruneResult::count, "How many environments.");
    f("freed_bytes", &PruneResult::freed_bytes, "Bytes freed on disk.");
    f("deleted_packages", &PruneResult::deleted_packages,
      "Files of the package cache that were deleted.");
    f("freed_package_bytes", &PruneResult::freed_package_bytes,
      "Bytes of freed_bytes that were theirs.");
  }
};

/// Deletes installed environments and leftovers that no machine uses.
struct PruneEnvironments {
  static constexpr Method kMethod{"image.prune", Idempotent::kYes};
  using Reply = PruneResult;

  template <class Fields>
  static void describe(Fields&) {}
};

/// The verified files that a machine of one environment boots from.
struct BootFiles {
  std::string environment;
  std::string environment_version;
  std::string environment_digest;
  std::string rootfs_path;
  std::string kernel_path;
  std::string kernel_release;
  std::string modules_dir;
  std::vector<std::string> modules;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &BootFiles::environment, "Environment, like debian:12.");
    f("environment_version", &BootFiles::environment_version, "Version of its recipe.");
    f("environment_digest", &BootFiles::environment_digest, "SHA-256 of rootfs.ext4, in hex.");
    f("rootfs_path", &BootFiles::rootfs_path, "The read-only root file system, ext4.");
    f("kernel_path", &BootFiles::kernel_path, "Uncompressed vmlinux with a PVH entry.");
    f("kernel_release", &BootFiles::kernel_release, "The output of uname -r in the guest.");
    f("modules_dir", &BootFiles::modules_dir, "Directory with the modules below.");
    f("modules", &BootFiles::modules, "File names of modules in the order to load them.");
  }
};

/// The files that boot an environment. Installs it first if it is missing, with progress.
struct ResolveEnvironment {
  static constexpr Method kMethod{"image.resolve", Idempotent::kYes};
  using Reply = BootFiles;
  std::string environment;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &ResolveEnvironment::environment, "Environment, like debian:12.", kRequired,
      max_length(128));
  }
};

using EnvironmentApi = Api<ListEnvironments, InspectEnvironment, PullEnvironment, PruneEnvironments,
                           ResolveEnvironment>;

}  // namespace pyro::api
