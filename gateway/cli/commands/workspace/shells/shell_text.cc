#include "gateway/cli/commands/workspace/shells/shell_text.h"

#include <fmt/core.h>

#include <vector>

#include "common/base/text.h"
#include "gateway/cli/text/human.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
namespace {

std::string state_text(const api::Shell& shell) {
  if (!shell.exit_code) return std::string(api::name_of(shell.state));
  return fmt::format("{} ({})", api::name_of(shell.state), *shell.exit_code);
}

}  // namespace

std::string opened_shell_text(const api::ShellReply& shell) {
  return fmt::format("shell {1} is open; to use it: pyro workspace shell attach {0} {1}\n",
                     shell.workspace_id, shell.shell_id);
}

std::string shell_output_text(const api::ShellRead& read) {
  if (read.output.empty() || read.output.ends_with('\n')) return read.output;
  return read.output + "\n";
}

std::string note_of(const api::ShellRead& read) {
  std::string note = fmt::format("{}; next cursor: {}", state_text(read), read.next_cursor);
  if (read.dropped_chars) {
    note += fmt::format("; {} characters before this are gone", *read.dropped_chars);
  }
  if (read.truncated) note += "; there is more";
  return note;
}

std::string written_text(const api::ShellWritten& written) {
  return fmt::format("typed {} characters{}\n", written.input_length,
                     written.append_newline ? " and Enter" : "");
}

std::string signalled_text(const api::ShellSignalled& signalled) {
  return fmt::format("sent {} to shell {}\n", signalled.signal, signalled.shell_id);
}

std::string closed_shell_text(const api::ShellClosed& closed) {
  return fmt::format("shell {} {}\n", closed.shell_id,
                     closed.closed ? "is closed" : "was not closed");
}

std::string shell_list_text(const api::ShellList& list, double now) {
  std::vector<std::vector<std::string>> rows{{"SHELL", "STATE", "OPENED", "SIZE", "DIRECTORY"}};
  for (const auto& shell : list.shells) {
    rows.push_back({shell.shell_id, state_text(shell), human_ago(shell.started_at, now),
                    fmt::format("{}x{}", shell.cols, shell.rows), one_line(shell.cwd, 60)});
  }
  return table(rows);
}

}  // namespace pyro::cli
