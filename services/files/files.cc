#include "services/files/files.h"

#include <utility>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "services/files/file_replies.h"
#include "services/files/workspace_path.h"

namespace pyro::files {
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
  return list_reply(absolute_workspace_path(path), std::move(entries), request.offset);
}

api::FileContent read_part(GuestTree& guest, const api::ReadFile& request,
                           std::shared_ptr<const Redactor> redactor) {
  const std::string path = workspace_path(request.path);
  if (path.empty()) {
    throw failed_precondition(reason::kWrongFileType,
                              "workspace file read only supports regular files");
  }
  const PageWindow window(request, std::move(redactor));
  const auto part = guest.call(api::agent::ReadPart{
      .path = path, .offset = window.offset(), .max_bytes = window.max_bytes()});
  const std::string& content = part.content.data;
  if (content.size() > window.max_bytes()) {
    throw internal_error("the guest's agent sent a wrong answer: more than it was asked for");
  }
  return window.reply(absolute_workspace_path(path), part.size_bytes, content);
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
