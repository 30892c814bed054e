#pragma once

#include <string>

#include "common/api/workspace_files.h"

namespace pyro::cli {

/// What a guest said is printable.
std::string file_list_text(const api::FileList& list);

/// The content, printable, with a newline at its end; file_read_note says what it is a part of.
std::string file_text(const api::FileContent& content);

/// The bytes of a content that came as base64. internal: it is none.
std::string file_bytes(const api::FileContent& content);

/// For standard error: the size, and how to read on after a part; what the content is when it is
/// not what the file holds; "" for a whole file.
std::string file_read_note(const api::FileContent& content);

std::string file_written_text(const api::FileWritten& written);

}  // namespace pyro::cli
