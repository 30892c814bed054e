#pragma once

#include <cstdint>
#include <string>

#include "common/api/artifact.h"
#include "common/api/workspace.h"
#include "common/api/workspace_files.h"

/// The disks of a stopped workspace, also of one that starts no more. The workspace service answers
/// to doors; the files service does the work (disks.h).
namespace pyro::api {

struct DiskExported : WorkspaceReply {
  std::string output_path;
  std::string disk_format = "ext4";
  std::uint64_t size_bytes = 0;
  std::uint64_t bytes_written = 0;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("output_path", &DiskExported::output_path, "Where it is on the host.");
    f("disk_format", &DiskExported::disk_format,
      "ext4: an unpartitioned file system, whose directory tree is /workspace.");
    f("size_bytes", &DiskExported::size_bytes, "Size of the disk, holes included.");
    f("bytes_written", &DiskExported::bytes_written, "Bytes of it that are no hole.");
  }
};

/// Copies the disk that holds /workspace out to the host, sparse, as the guest left it.
/// already_exists: `output_path already exists: P`. By a model: guarded as ExportPath is.
/// failed_precondition: the workspace is not stopped, or has no disk (host compatibility mode).
struct ExportDisk {
  static constexpr Method kMethod{"workspace.disk_export"};
  using Reply = DiskExported;
  std::string workspace_id;
  std::string output_path;
  bool by_model = false;
  std::string guarded_below;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ExportDisk>(f);
    f("output_path", &ExportDisk::output_path,
      "Path on the host, which must not exist. Over MCP the default is below .pyro/exports of the "
      "project.",
      max_length(4096));
    f("by_model", &ExportDisk::by_model, kByModel, kHidden);
    f("guarded_below", &ExportDisk::guarded_below,
      "Directory of the host below which no name that programs obey is put; empty: it may be.",
      kHidden, max_length(4096));
  }
};

/// As ListFiles, of any path in the guest's file system as the disks hold it: the environment with
/// the workspace's changes over it, and /workspace. Links on the way are followed within the guest;
/// one at the end is listed itself.
/// not_found: `workspace disk path does not exist: P`.
struct ListDisk {
  static constexpr Method kMethod{"workspace.disk_list", Idempotent::kYes};
  using Reply = FileList;
  std::string workspace_id;
  std::string path = "/workspace";
  bool recursive = false;
  std::uint32_t offset = 0;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ListDisk>(f);
    f("path", &ListDisk::path,
      "Directory or file anywhere in the guest's file system; relative: below /workspace.",
      kPositional, max_length(4096));
    f("recursive", &ListDisk::recursive, "Directories below it as well.");
    describe_offset<ListDisk>(f);
  }
};

/// As ReadFile, of any file in the guest's file system; paths as for ListDisk.
/// failed_precondition: `workspace disk read only supports regular files`.
struct ReadDisk {
  static constexpr Method kMethod{"workspace.disk_read", Idempotent::kYes};
  using Reply = FileContent;
  std::string workspace_id;
  std::string path;
  std::uint64_t max_bytes = 65536;
  std::uint64_t offset = 0;
  bool as_base64 = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ReadDisk>(f);
    f("path", &ReadDisk::path,
      "File anywhere in the guest's file system; relative: below /workspace.", kRequired,
      kMayBeEmpty, kPositional, max_length(4096));
    describe_page<ReadDisk>(f, kPositive);
  }
};

using DiskApi = Api<ExportDisk, ListDisk, ReadDisk>;

}  // namespace pyro::api
