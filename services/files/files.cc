#include "services/files/files.h"

#include <algorithm>

#include "common/base/base64.h"
#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/path.h"
#include "services/files/artifact.h"
#include "services/files/workspace_path.h"

namespace pyro::files {
namespace {

/// Names of a list that is full of the longest ones would fill the memory.
constexpr std::size_t kListNameBytes = 32U << 20U;

api::FileEntry file_entry(const std::string& top, const tree::Entry& entry) {
  const bool is_file = entry.kind == tree::EntryKind::kFile;
  api::FileEntry shown{.path = to_valid_utf8(absolute_workspace_path(tree::join(top, entry.path))),
                       .artifact_type = artifact_type(entry.kind),
                       .size_bytes = is_file ? entry.size : 0};
  if (entry.kind == tree::EntryKind::kSymlink) shown.link_target = to_valid_utf8(entry.link_target);
  return shown;
}

/// So that the next page begins with one, unless this one is too small for any.
void end_with_whole_character(api::FileContent& page) {
  const std::size_t whole = whole_characters(page.content);
  if (whole > 0) page.content.resize(whole);
  page.next_offset = page.offset + page.content.size();
}

/// Bytes that hardly any text has, in whatever encoding.
bool is_control(char byte) {
  return (byte >= 0 && byte < 0x20 &&
          std::string_view("\b\t\n\v\f\r\x1b").find(byte) == std::string_view::npos) ||
         byte == 0x7F;
}

/// A zero is what git goes by. Of compressed data a tenth are control characters.
bool is_binary(std::string_view content) {
  if (content.find('\0') != std::string_view::npos) return true;
  constexpr std::ptrdiff_t kOneIn = 20;
  const auto controls = std::count_if(content.begin(), content.end(), is_control);
  return invalid_bytes(content) > 0 && controls * kOneIn > std::ssize(content);
}

/// Of a page that is to be text.
void tell_encoding(api::FileContent& page) {
  if (is_binary(page.content)) {
    page.encoding = api::FileEncoding::kBinary;
    page.content.clear();
    // No later page of it is worth a call.
    page.truncated = false;
    page.next_offset.reset();
  } else if (invalid_bytes(page.content) > 0) {
    page.encoding = api::FileEncoding::kNotUtf8;
  }
}

}  // namespace

api::FileList list_files(GuestTree& guest, const api::ListFiles& request) {
  const std::string path = workspace_path(request.path);
  EntryList list({.entries = kListEntries + 1, .name_bytes = kListNameBytes},
                 fmt::format("{} holds more than {} entries: list a directory below it",
                             printable(absolute_workspace_path(path)), kListEntries));
  guest.stream(api::agent::ListTree{.path = path, .recursive = request.recursive}, list);
  auto& entries = list.entries();
  if (entries.empty() || !entries.front().path.empty()) {
    throw internal_error("the guest's agent sent a wrong answer: a list without its top");
  }
  const bool is_directory = entries.front().kind == tree::EntryKind::kDirectory;
  api::FileList reply{.path = to_valid_utf8(absolute_workspace_path(path)),
                      .artifact_type = artifact_type(entries.front().kind)};
  std::sort(entries.begin(), entries.end(),
            [](const tree::Entry& a, const tree::Entry& b) { return a.path < b.path; });
  // The top, which sorts first, is no entry of itself.
  if (is_directory) entries.erase(entries.begin());
  reply.count = static_cast<std::uint32_t>(entries.size());
  for (std::size_t i = request.offset; i < entries.size(); ++i) {
    reply.entries.push_back(file_entry(path, entries[i]));
  }
  return reply;
}

api::FileContent read_part(GuestTree& guest, const api::ReadFile& request) {
  const std::string path = workspace_path(request.path);
  if (path.empty()) {
    throw failed_precondition(reason::kWrongFileType,
                              "workspace file read only supports regular files");
  }
  const auto part = guest.call(
      api::agent::ReadPart{.path = path, .offset = request.offset, .max_bytes = request.max_bytes});
  const std::string& content = part.content.data;
  if (content.size() > request.max_bytes) {
    throw internal_error("the guest's agent sent a wrong answer: more than it was asked for");
  }
  const bool within = request.offset <= part.size_bytes;
  api::FileContent page{
      .path = to_valid_utf8(absolute_workspace_path(path)),
      .offset = request.offset,
      .size_bytes = part.size_bytes,
      .max_bytes = request.max_bytes,
      .encoding = request.as_base64 ? api::FileEncoding::kBase64 : api::FileEncoding::kUtf8,
      .content = request.as_base64 ? to_base64(content) : content,
      .truncated = within && content.size() < part.size_bytes - request.offset};
  if (page.truncated && request.as_base64) {
    page.next_offset = request.offset + content.size();
  } else if (page.truncated) {
    end_with_whole_character(page);
  }
  if (!request.as_base64) tell_encoding(page);
  return page;
}

api::FileWritten write_whole(GuestTree& guest, const api::WriteFile& request) {
  const std::string path = workspace_path(request.path);
  if (path.empty()) {
    throw failed_precondition(reason::kWrongFileType,
                              "workspace file write only supports regular files: /workspace");
  }
  api::agent::ReplaceFile replace{.path = path};
  replace.content.data = request.text;
  guest.call(replace);
  return {.path = to_valid_utf8(absolute_workspace_path(path)),
          .size_bytes = request.text.size(),
          .bytes_written = request.text.size()};
}

}  // namespace pyro::files
