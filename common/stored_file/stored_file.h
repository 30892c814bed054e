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
#include "common/digest/sha256.h"

/// A store writes this beside its files, so that each use can check that they are whole.
namespace pyro {

/// One stored file: its content's digest, and marks that show a change without reading it. Only the
/// kernel sets a change time.
struct StoredFile {
  std::string path;
  std::string sha256;
  std::uint64_t size_bytes = 0;
  std::uint64_t inode = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &StoredFile::path, "Relative to the record's directory.", api::kRequired);
    f("sha256", &StoredFile::sha256, "Of the content, in hex.", api::kRequired);
    f("size_bytes", &StoredFile::size_bytes, "Length.", api::kRequired);
    f("inode", &StoredFile::inode, "Inode number.", api::kRequired);
    f("mtime_ns", &StoredFile::mtime_ns, "Modification time.", api::kRequired);
    f("ctime_ns", &StoredFile::ctime_ns, "Change time.", api::kRequired);
  }
};

/// How a store computes the digest of its files.
using FileDigest = std::string (*)(const std::filesystem::path&, const std::stop_token&);

/// Sets `mode`, syncs the file, and reads its content and marks for the record.
StoredFile record_file(const std::filesystem::path& directory, const std::string& path,
                       const std::stop_token& stop, unsigned mode = 0444,
                       FileDigest digest = sha256_of_file);

/// Whether every mark of every file equals its record; reads no content.
bool marks_unchanged(const std::filesystem::path& directory, const std::vector<StoredFile>& files);

/// The path of the first file whose content differs from its record, or nullopt; reads all.
std::optional<std::string> find_changed_file(const std::filesystem::path& directory,
                                             const std::vector<StoredFile>& files,
                                             FileDigest digest, const std::stop_token& stop);

enum class Verdict {
  kUnchanged,  ///< every mark equals its record
  kRestamped,  ///< touched or copied, but the content is right; `files` has the new marks
  kWrong,      ///< a file is missing or has other content
};

/// Compares the files with their records; reads them only when a mark moved.
Verdict verify_files(const std::filesystem::path& directory, std::vector<StoredFile>& files,
                     const std::stop_token& stop);

template <class T>
void write_record(const std::filesystem::path& path, const T& record) {
  write_file_atomically(path, api::to_json_text(record, 2) + "\n", 0644);
}

/// nullopt: the file is missing or not such a record; its subject then counts as absent.
template <class T>
std::optional<T> read_record(const std::filesystem::path& path) {
  try {
    return api::from_json_text<T>(read_file(path, 1U << 20U), api::UnknownFields::kIgnore,
                                  path.string());
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace pyro
