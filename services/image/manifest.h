#pragma once

#include <string>
#include <vector>

#include "common/stored_file/stored_file.h"

/// The store writes these beside installed files, so that each use can tell that they are whole.
namespace pyro::image {

/// manifest.json of an installed root file system.
struct RootfsManifest {
  std::vector<StoredFile> files;

  template <class Fields>
  static void describe(Fields& f) {
    f("files", &RootfsManifest::files, "rootfs.ext4.", api::kRequired);
  }
  /// SHA-256 of rootfs.ext4.
  std::string digest() const;
};

/// manifest.json of an installed kernel.
struct KernelManifest {
  std::string package;
  std::string package_version;
  std::string release;
  std::vector<std::string> modules;
  std::vector<StoredFile> files;

  template <class Fields>
  static void describe(Fields& f) {
    f("package", &KernelManifest::package, "Debian package.", api::kRequired);
    f("package_version", &KernelManifest::package_version, "Its version.", api::kRequired);
    f("release", &KernelManifest::release, "The output of uname -r.", api::kRequired);
    f("modules", &KernelManifest::modules, "File names in load order.", api::kRequired);
    f("files", &KernelManifest::files, "vmlinux and the modules.", api::kRequired);
  }
  /// SHA-256 over all of it but the marks of the files.
  std::string digest() const;
};

/// references/NAME.json: which installed files an environment's name stands for.
struct Reference {
  std::string environment;
  std::string version;
  std::string rootfs_digest;
  std::string kernel_digest;
  std::string source;
  double installed_at = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &Reference::environment, "Name in the catalog.", api::kRequired);
    f("version", &Reference::version, "Version of the recipe.", api::kRequired);
    f("rootfs_digest", &Reference::rootfs_digest, "Its directory.", api::kRequired);
    f("kernel_digest", &Reference::kernel_digest, "Its kernel's directory.", api::kRequired);
    f("source", &Reference::source, "Where the packages came from.");
    f("installed_at", &Reference::installed_at, "Seconds since the epoch.");
  }
};

inline constexpr const char* kManifestName = "manifest.json";

}  // namespace pyro::image
