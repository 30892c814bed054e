#pragma once

#include <string>
#include <string_view>

#include "common/api/workspace_files.h"

namespace pyro::cli {

/// Makes a guest's text printable.
std::string file_list_text(const api::FileList& list);

/// The content, printable, with a newline at its end.
std::string file_text(const api::FileContent& content);

/// Decodes a content in base64. internal: it is not base64.
std::string file_bytes(const api::FileContent& content);

/// For standard error: the size, how to read the rest, and what the file is when it is not text; ""
/// for a whole text file. `copy`: the command that copies any file out.
std::string file_read_note(const api::FileContent& content,
                           std::string_view copy = "pyro workspace export");

std::string file_written_text(const api::FileWritten& written);

}  // namespace pyro::cli
