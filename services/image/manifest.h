#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/api/field.h"
#include "common/api/json_codec.h"
#include "common/base/files.h"

/// What the store writes beside installed files, so that each use can tell that they are whole.
namespace pyro::image {

/// One installed file: its content, and the marks by which a change shows without reading it.
struct StoredFile {
  std::string path;
  std::string sha256;
  std::uint64_t size_bytes = 0;
  std::uint64_t inode = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &StoredFile::path, "Relative to the manifest's directory.", api::kRequired);
    f("sha256", &StoredFile::sha256, "Of the content, in hex.", api::kRequired);
    f("size_bytes", &StoredFile::size_bytes, "Length.", api::kRequired);
    f("inode", &StoredFile::inode, "Inode number.", api::kRequired);
    f("mtime_ns", &StoredFile::mtime_ns, "Modification time.", api::kRequired);
    f("ctime_ns", &StoredFile::ctime_ns, "Change time.", api::kRequired);
  }
};

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
    f("release", &KernelManifest::release, "What uname -r says.", api::kRequired);
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

/// Reads the file's content and marks for the manifest. It is made read-only and synced first.
StoredFile record_file(const std::filesystem::path& directory, const std::string& path,
                       const std::stop_token& stop);

enum class Verdict {
  kUnchanged,  ///< every mark is the one recorded
  kRestamped,  ///< touched or copied, the content is right; `files` has the new marks
  kWrong,      ///< a file is missing or has another content
};

/// Compares the files with their records; reads them only when a mark moved.
Verdict verify_files(const std::filesystem::path& directory, std::vector<StoredFile>& files,
                     const std::stop_token& stop);

template <class T>
void write_record(const std::filesystem::path& path, const T& record) {
  write_file_atomically(path, api::to_json(record).dump(2) + "\n", 0644);
}

/// nullopt when the file is missing or is no such record: it then counts as not installed.
template <class T>
std::optional<T> read_record(const std::filesystem::path& path) {
  try {
    return api::from_json_text<T>(read_file(path, 1U << 20U), api::UnknownFields::kIgnore,
                                  path.string());
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace pyro::image
