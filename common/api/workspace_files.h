#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/artifact.h"
#include "common/api/page.h"
#include "common/api/workspace.h"

/// Files below /workspace. The workspace service answers them to doors; the files
/// service does the work (files.h).
namespace pyro::api {

struct FileEntry {
  std::string path;
  ArtifactType artifact_type = ArtifactType::kFile;
  std::uint64_t size_bytes = 0;
  std::optional<std::string> link_target;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &FileEntry::path, "Absolute path in the guest.");
    f("artifact_type", &FileEntry::artifact_type, "file, directory, symlink or other.");
    f("size_bytes", &FileEntry::size_bytes, "Bytes of a file's content, else 0.");
    f("link_target", &FileEntry::link_target, "The target of a symlink.");
  }
};

struct FileList : WorkspaceReply, PageEnd {
  std::string path;
  ArtifactType artifact_type = ArtifactType::kDirectory;
  std::uint32_t count = 0;
  std::vector<FileEntry> entries;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("path", &FileList::path, "The listed path, absolute.");
    f("artifact_type", &FileList::artifact_type, "Its own kind.");
    f("count", &FileList::count, "How many entries there are in all.");
    f("entries", &FileList::entries, "Sorted by path; for a file, the file itself.");
    PageEnd::describe(f);
  }
};

/// resource_exhausted: more than 65,536 entries.
struct ListFiles {
  static constexpr Method kMethod{"workspace.file_list", Idempotent::kYes};
  using Reply = FileList;
  std::string workspace_id;
  std::string path = "/workspace";
  bool recursive = false;
  std::uint32_t offset = 0;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ListFiles>(f);
    f("path", &ListFiles::path, "Directory or file below /workspace.", kPositional,
      max_length(4096));
    f("recursive", &ListFiles::recursive, "Directories below it as well.");
    describe_offset<ListFiles>(f);
  }
};

/// What the content of a page is to the file's bytes.
enum class FileEncoding { kUtf8, kNotUtf8, kBinary, kBase64 };
constexpr std::array<std::pair<FileEncoding, std::string_view>, 4> enum_names(FileEncoding) {
  return {{{FileEncoding::kUtf8, "utf-8"},
           {FileEncoding::kNotUtf8, "not_utf8"},
           {FileEncoding::kBinary, "binary"},
           {FileEncoding::kBase64, "base64"}}};
}

struct FileContent : WorkspaceReply {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t max_bytes = 0;
  FileEncoding encoding = FileEncoding::kUtf8;
  std::string content;
  bool truncated = false;
  std::optional<std::uint64_t> next_offset;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("path", &FileContent::path, "Absolute path in the guest.");
    f("offset", &FileContent::offset, "Where the content begins in the file, in bytes.");
    f("size_bytes", &FileContent::size_bytes, "Size of the whole file.");
    f("max_bytes", &FileContent::max_bytes, "What was asked for.");
    f("encoding", &FileContent::encoding,
      "utf-8: content is what the file holds. not_utf8: it is text in another encoding, and bytes "
      "that are not UTF-8 come as replacement characters, so written back they are lost. binary: "
      "no content is given. base64: as asked for.");
    f("content", &FileContent::content, "The content.");
    f("truncated", &FileContent::truncated, "More follows after it.");
    f("next_offset", &FileContent::next_offset,
      "Only when truncated: where the next page begins, in bytes.", kAbsentWhenNull);
  }
};

/// The fields of a request for a page of a file; `rules` are more of max_bytes.
template <class Request, class Fields, class... Rules>
void describe_page(Fields& f, const Rules&... rules) {
  f("max_bytes", &Request::max_bytes,
    "At most this many bytes. When more follows, the page ends with a whole character.", rules...,
    range(1, kFileLimit));
  f("offset", &Request::offset, "Where to begin, in bytes.");
  f("as_base64", &Request::as_base64,
    "The bytes as base64, whatever they are: for a file that is binary or not UTF-8.");
}

struct ReadFile {
  static constexpr Method kMethod{"workspace.file_read", Idempotent::kYes};
  using Reply = FileContent;
  std::string workspace_id;
  std::string path;
  std::uint64_t max_bytes = 65536;
  std::uint64_t offset = 0;
  bool as_base64 = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ReadFile>(f);
    f("path", &ReadFile::path, "File below /workspace.", kRequired, kMayBeEmpty, kPositional,
      max_length(4096));
    describe_page<ReadFile>(f);
  }
};

struct FileWritten : WorkspaceReply {
  std::string path;
  std::uint64_t size_bytes = 0;
  std::uint64_t bytes_written = 0;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("path", &FileWritten::path, "Absolute path in the guest.");
    f("size_bytes", &FileWritten::size_bytes, "Size of the file now.");
    f("bytes_written", &FileWritten::bytes_written, "Bytes written.");
  }
};

/// Replaces a file as a whole, and makes the directories above it.
struct WriteFile {
  static constexpr Method kMethod{"workspace.file_write", Idempotent::kYes};
  using Reply = FileWritten;
  std::string workspace_id;
  std::string path;
  std::string text;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<WriteFile>(f);
    f("path", &WriteFile::path, "File below /workspace.", kRequired, kMayBeEmpty, kPositional,
      max_length(4096));
    f("text", &WriteFile::text, "Its new content, UTF-8; may be empty.", kRequired, kMayBeEmpty,
      max_length(kFileLimit));
  }
};

using FilesApi = Api<ListFiles, ReadFile, WriteFile>;

}  // namespace pyro::api
