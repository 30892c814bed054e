#include "gateway/cli/commands/workspace/exec/log_text.h"

#include <fmt/core.h>

#include "common/base/text.h"
#include "gateway/cli/commands/workspace/parts_text.h"
#include "gateway/cli/text/human.h"

namespace pyro::cli {
namespace {

/// Each line of a guest's output after the prefix `first`, later ones after `later`.
std::string lines_behind(std::string_view first, std::string_view later, std::string_view hostile) {
  std::string text = printable(hostile);
  if (text.ends_with('\n')) text.pop_back();
  if (text.empty()) return "";
  std::string out;
  for (const auto& line : split(text, '\n')) {
    out += fmt::format("{}{}\n", out.empty() ? first : later, line);
  }
  return out;
}

std::string entry_text(const api::LogEntry& entry, double now) {
  std::string text = lines_behind("$ ", "> ", entry.command);
  text += lines_behind("  ", "  ", entry.stdout_text);
  if (entry.stdout_truncated) text += "~ part of its standard output was dropped\n";
  text += lines_behind("! ", "! ", entry.stderr_text);
  if (entry.stderr_truncated) text += "~ part of its standard error was dropped\n";
  return text + fmt::format("-> {}, {}\n", outcome_text(entry), human_ago(entry.recorded_at, now));
}

}  // namespace

std::string log_text(const api::WorkspaceLog& log, double now) {
  if (log.entries.empty()) {
    return fmt::format(
        "no command has run since it was created or reset; run one: pyro workspace exec {} -- ls\n",
        log.workspace_id);
  }
  std::string text;
  for (const auto& entry : log.entries) {
    if (!text.empty()) text += "\n";
    text += entry_text(entry, now);
  }
  return text;
}

}  // namespace pyro::cli
