#include "gateway/cli/commands/workspace/files/file_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "common/base/base64.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/cli/commands/workspace/parts_text.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
namespace {

std::string list_row(const api::FileEntry& entry) {
  const std::string path = path_text(entry.path);
  if (entry.artifact_type == api::ArtifactType::kDirectory) return path + "/";
  return entry.link_target ? path + " -> " + path_text(*entry.link_target) : path;
}

std::string part_note(const api::FileContent& content) {
  if (content.content.empty() && content.size_bytes == 0) {
    return fmt::format("{} is empty\n", path_text(content.path));
  }
  if (content.next_offset) {
    return fmt::format("bytes {} to {} of {}; the rest: --offset {}\n", content.offset,
                       *content.next_offset, content.size_bytes, *content.next_offset);
  }
  if (content.offset == 0) return "";
  return fmt::format("bytes {} to {} of {}\n", std::min(content.offset, content.size_bytes),
                     content.size_bytes, content.size_bytes);
}

}  // namespace

std::string file_list_text(const api::FileList& list) {
  if (list.entries.empty()) return path_text(list.path) + " is empty\n";
  std::vector<std::vector<std::string>> rows{{"TYPE", "SIZE", "PATH"}};
  for (const auto& entry : list.entries) {
    const bool file = entry.artifact_type == api::ArtifactType::kFile;
    rows.push_back({std::string(api::name_of(entry.artifact_type)),
                    file ? human_size(entry.size_bytes) : "-", list_row(entry)});
  }
  return table(rows);
}

std::string file_text(const api::FileContent& content) {
  std::string text = printable(content.content);
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

std::string file_bytes(const api::FileContent& content) {
  auto bytes = from_base64(content.content);
  if (!bytes) throw internal_error("the content of {} is no base64", path_text(content.path));
  return *std::move(bytes);
}

std::string file_read_note(const api::FileContent& content, std::string_view copy) {
  if (content.encoding == api::FileEncoding::kBinary) {
    return fmt::format("{} is binary ({}): --content-only or {} gives it\n",
                       path_text(content.path), human_size(content.size_bytes), copy);
  }
  if (content.encoding == api::FileEncoding::kNotUtf8) {
    return part_note(content) + fmt::format(
                                    "bytes that are not UTF-8 are shown as replacement characters: "
                                    "--content-only or {} gives them\n",
                                    copy);
  }
  return part_note(content);
}

std::string file_written_text(const api::FileWritten& written) {
  return fmt::format("wrote {} ({})\n", path_text(written.path), human_size(written.size_bytes));
}

}  // namespace pyro::cli
