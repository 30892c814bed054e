#pragma once

#include <string>

#include "common/api/workspace_shells.h"

namespace pyro::cli {

std::string opened_shell_text(const api::ShellReply& shell);
/// The output itself; what else there is to say goes to standard error: note_of.
std::string shell_output_text(const api::ShellRead& read);
std::string note_of(const api::ShellRead& read);
std::string written_text(const api::ShellWritten& written);
std::string signalled_text(const api::ShellSignalled& signalled);
std::string closed_shell_text(const api::ShellClosed& closed);
std::string shell_list_text(const api::ShellList& list, double now);

}  // namespace pyro::cli
