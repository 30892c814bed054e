#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/api/field.h"

/// The operations of the agent on its files port, in frames of common/link, with trees as streams
/// of common/tree. Paths are relative to the workspace's tree, '/'-separated, without `.` and `..`;
/// "" is the tree itself. No symbolic link leads out of the tree. The host checks every message:
/// the guest may be hostile.
namespace pyro::api::agent {

/// The port, as a vsock port number. Each connection has its own thread.
inline constexpr std::uint32_t kFilesPort = 5006;

/// Mounts the workspace disk, unless it is mounted, and shows its `tree` at /workspace. Drops the
/// guest's cache of the disk, finishes an interrupted change that was decided, and forgets any
/// other.
struct MountVolume {
  static constexpr Method kMethod{"volume.mount", Idempotent::kYes};
  using Reply = Nothing;

  template <class Fields>
  static void describe(Fields&) {}
};

/// Undoes the mount after the rehearsal of an unused machine; no other connection may be at work.
/// failed_precondition: it is still in use.
struct ReleaseVolume {
  static constexpr Method kMethod{"volume.release", Idempotent::kYes};
  using Reply = Nothing;

  template <class Fields>
  static void describe(Fields&) {}
};

struct VolumeUsage {
  std::uint64_t entry_count = 0;
  std::uint64_t bytes = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("entry_count", &VolumeUsage::entry_count, "Files, directories and links in the tree.");
    f("bytes", &VolumeUsage::bytes, "Bytes of the files' content.");
  }
};

/// Counts the tree, flushes it to the disk and freezes the file system until volume.thaw on the
/// same connection, the connection's end, or the limit. Meanwhile other writers wait, and the agent
/// refuses to write.
/// failed_precondition: it is already frozen.
struct FreezeVolume {
  static constexpr Method kMethod{"volume.freeze"};
  using Reply = VolumeUsage;
  std::uint64_t limit_ms = 60000;

  template <class Fields>
  static void describe(Fields& f) {
    f("limit_ms", &FreezeVolume::limit_ms, "It thaws by itself after this time.", range(1, 600000));
  }
};

struct Thawed {
  bool held = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("held", &Thawed::held, "It was still frozen: a copy made meanwhile is of one moment.");
  }
};

struct ThawVolume {
  static constexpr Method kMethod{"volume.thaw"};
  using Reply = Thawed;

  template <class Fields>
  static void describe(Fields&) {}
};

/// Entries of the tree without content, as a tree stream in output frames. The entry of `path`
/// comes first, with the path "". not_found: no such path.
struct ListTree {
  static constexpr Method kMethod{"tree.list"};
  using Reply = Nothing;
  std::string path;
  bool recursive = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &ListTree::path, "Where to begin.", max_length(4096));
    f("recursive", &ListTree::recursive, "Directories below as well.");
  }
};

/// Possible changes since a moment, as a tree stream without content: each directory with another
/// ctime, followed by all its entries; in other directories only the entries with another ctime.
/// Leaves out directories named `.git`. Paths in the stream are relative to the tree, not to
/// `path`.
struct ScanTree {
  static constexpr Method kMethod{"tree.scan"};
  using Reply = Nothing;
  std::string path;
  std::int64_t unchanged_ctime_ns = 0;
  bool all = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &ScanTree::path, "Directory to begin at.", max_length(4096));
    f("unchanged_ctime_ns", &ScanTree::unchanged_ctime_ns,
      "An entry with this ctime has not changed; nanoseconds since the epoch.");
    f("all", &ScanTree::all, "Everything below, changed or not.");
  }
};

/// A file or directory with its content as a tree stream in output frames. Its own entry comes
/// first, with the path "". Sockets, FIFOs and devices are entries of kind other. A regular file
/// with `known_ctime_ns` is an entry alone, without content and without its end. not_found: no such
/// path.
struct SendTree {
  static constexpr Method kMethod{"tree.send"};
  using Reply = Nothing;
  std::string path;
  bool holes = false;
  std::optional<std::int64_t> known_ctime_ns;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &SendTree::path, "What to send.", max_length(4096));
    f("holes", &SendTree::holes, "Whether holes of files come as such, and not as zeros.");
    f("known_ctime_ns", &SendTree::known_ctime_ns,
      "The host has the content of files with this ctime; nanoseconds since the epoch.");
  }
};

/// Regular files with their content, for a diff or a patch. A missing path is an entry of kind
/// absent; other types come without content, symbolic links with their targets. Keeps the requested
/// paths and their order.
struct SendFiles {
  static constexpr Method kMethod{"tree.send_files"};
  using Reply = Nothing;
  std::vector<std::string> paths;

  template <class Fields>
  static void describe(Fields& f) {
    f("paths", &SendFiles::paths, "What to send.", max_length(4096));
  }
};

struct FilePart {
  std::uint64_t size_bytes = 0;
  Bytes content;

  template <class Fields>
  static void describe(Fields& f) {
    f("size_bytes", &FilePart::size_bytes, "Size of the whole file.");
    f("content", &FilePart::content, "From the offset on.");
  }
};

/// Part of a regular file. failed_precondition: not a regular file.
struct ReadPart {
  static constexpr Method kMethod{"file.read", Idempotent::kYes};
  using Reply = FilePart;
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t max_bytes = 65536;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &ReadPart::path, "The file.", kRequired, max_length(4096));
    f("offset", &ReadPart::offset, "Where to begin, in bytes.");
    f("max_bytes", &ReadPart::max_bytes, "At most this many bytes.", range(1, 16 << 20));
  }
};

/// Replaces or makes one regular file as a whole, and the directories above it; on disk before the
/// answer. failed_precondition: the target is not a regular file, or a parent not a directory.
struct ReplaceFile {
  static constexpr Method kMethod{"file.replace", Idempotent::kYes};
  using Reply = Nothing;
  std::string path;
  Bytes content;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &ReplaceFile::path, "The file.", kRequired, max_length(4096));
    f("content", &ReplaceFile::content, "All of it.", max_length(16U << 20U));
  }
};

/// Begins a change of the tree, staged beside it. One per connection, which discards it when it
/// ends.
struct BeginChange {
  static constexpr Method kMethod{"change.begin"};
  using Reply = Nothing;
  std::string destination;

  template <class Fields>
  static void describe(Fields& f) {
    f("destination", &BeginChange::destination,
      "Directory that the staged entries go to; made when missing.", max_length(4096));
  }
};

/// The next part of a tree stream with content to add or overwrite.
struct StageTree {
  static constexpr Method kMethod{"change.stage"};
  using Reply = Nothing;
  Bytes stream;

  template <class Fields>
  static void describe(Fields& f) {
    f("stream", &StageTree::stream, "Bytes of the stream, cut anywhere.", max_length(1U << 20U));
  }
};

/// A path as the host saw it: the agent refuses the change if it differs now.
struct Expectation {
  std::string path;
  bool absent = false;
  std::uint64_t inode = 0;
  std::int64_t ctime_ns = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &Expectation::path, "Relative to the tree.", kRequired, max_length(4096));
    f("absent", &Expectation::absent, "There must be nothing.");
    f("inode", &Expectation::inode, "Its inode number.");
    f("ctime_ns", &Expectation::ctime_ns, "Its ctime.");
  }
};

/// Applies all of the change or nothing; on disk before the answer.
/// failed_precondition: `file conflicts with existing path: X` (or directory, symlink), or an
/// expectation does not hold.
struct CommitChange {
  static constexpr Method kMethod{"change.commit"};
  using Reply = Nothing;
  std::vector<Expectation> expectations;
  std::vector<std::string> deletions;

  template <class Fields>
  static void describe(Fields& f) {
    f("expectations", &CommitChange::expectations, "The state that the tree must still have.",
      max_length(65536));
    f("deletions", &CommitChange::deletions,
      "Files to delete, relative to the tree; directories that are empty then go as well.",
      max_length(65536));
  }
};

using FilesAgentApi =
    Api<MountVolume, ReleaseVolume, FreezeVolume, ThawVolume, ListTree, ScanTree, SendTree,
        SendFiles, ReadPart, ReplaceFile, BeginChange, StageTree, CommitChange>;

}  // namespace pyro::api::agent
