#include "gateway/cli/commands/workspace/summary/summary_text.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/text.h"
#include "gateway/cli/commands/workspace/parts_text.h"
#include "gateway/cli/text/human.h"

namespace pyro::cli {
namespace {

/// Two lists of so many lines: all else takes 15 of the screen's 24.
constexpr std::size_t kListed = 4;
constexpr std::size_t kSummaryColumns = 100;
/// Room for `, … and 99999 more` at the end of a line.
constexpr std::size_t kMoreColumns = 19;
constexpr std::size_t kShortColumns = 40;
constexpr std::size_t kSummaryCommandColumns = 60;
constexpr std::size_t kSummaryPathColumns = 80;

/// Text as Markdown code, so that nothing in it is markup.
std::string code(std::string_view hostile, std::size_t columns) {
  const std::string text = one_line(hostile, columns);
  std::size_t longest = 0;
  std::size_t ticks = 0;
  for (const char c : text) {
    ticks = c == '`' ? ticks + 1 : 0;
    longest = std::max(longest, ticks);
  }
  const std::string fence(longest + 1, '`');
  return longest == 0 ? fence + text + fence : fmt::format("{} {} {}", fence, text, fence);
}

/// A list of at most `kListed` lines, and the number of those left out of `total`.
template <class T, class Line>
std::string list_of(const std::vector<T>& items, std::uint64_t total, Line line) {
  std::string text;
  const std::size_t shown = std::min(kListed, items.size());
  for (std::size_t i = 0; i < shown; ++i) text += fmt::format("- {}\n", line(items[i]));
  if (total > shown) text += fmt::format("- … and {} more\n", total - shown);
  return text;
}

/// `- **Exports:** a, b, … and 2 more` with as many as fit on the line, or nothing for none.
std::string line_of(std::string_view title, const std::vector<std::string>& items,
                    std::size_t total) {
  if (items.empty()) return "";
  std::string line = fmt::format("- **{}:** {}", title, items.front());
  std::size_t shown = 1;
  for (; shown < items.size(); ++shown) {
    const std::string longer = line + ", " + items[shown];
    if (width_of(longer) + kMoreColumns > kSummaryColumns) break;
    line = longer;
  }
  if (total > shown) line += fmt::format(", … and {} more", total - shown);
  return line + "\n";
}

std::string summary_head(const api::WorkspaceSummary& summary) {
  std::string title = "## Workspace " + summary.workspace_id;
  if (summary.name) title += " " + code(*summary.name, kSummaryCommandColumns);
  std::string facts =
      fmt::format("{}, {}, from {} to {}", summary.environment, api::name_of(summary.state),
                  human_time(summary.session_started_at), human_time(summary.last_activity_at));
  if (summary.outcome.reset_count > 0) {
    facts += ", " + count_of(summary.outcome.reset_count, "reset");
  }
  std::string labels;
  if (!summary.labels.empty()) {
    labels = code(labels_text(summary.labels), kSummaryColumns - 10);
  }
  return fmt::format("{}\n\n{}\n{}\n", title, facts, labels.empty() ? "" : labels + "\n");
}

std::string change_line(const api::DiffEntry& entry) {
  return fmt::format("{}: {}", api::name_of(entry.status), code(entry.path, kSummaryPathColumns));
}

std::string changes_part(const api::SummaryChanges& found) {
  if (!found.available) {
    return fmt::format(
        "**Changes:** not known: {}\n",
        one_line(found.reason.value_or("no reason given"), kSummaryPathColumns - 10));
  }
  const std::string ignored = ignored_text(found.summary.ignored_count);
  if (!found.changed) return fmt::format("**Changes:** none{}\n", ignored);
  const auto& numbers = found.summary;
  std::vector<std::string> parts;
  const auto part = [&parts](std::uint32_t number, std::string_view what) {
    if (number > 0) parts.push_back(fmt::format("{} {}", number, what));
  };
  part(numbers.added, "added");
  part(numbers.modified, "modified");
  part(numbers.deleted, "deleted");
  part(numbers.type_changed, "type changed");
  return fmt::format("**Changes:** {}: {}{}\n", count_of(numbers.total, "path"), join(parts, ", "),
                     ignored) +
         list_of(found.entries, numbers.total, change_line);
}

std::string commands_part(const api::SummaryCommands& run) {
  if (run.total == 0) return "**Commands:** none\n";
  return fmt::format("**Commands:** {}, the latest first\n", run.total) +
         list_of(run.recent, run.total, [](const api::CommandSummary& command) {
           return fmt::format("{}: {}", code(command.command, kSummaryCommandColumns),
                              outcome_text(command));
         });
}

/// Follows an event that may not have happened.
template <class Event>
std::string doubt(const Event& event) {
  return event.unconfirmed.value_or(false) ? " (unconfirmed)" : "";
}

std::string edit_text(const api::EditEvent& edit) {
  const std::string path = edit.paths.empty() ? "" : " " + code(edit.paths.front(), kShortColumns);
  return one_line(edit.kind, kShortColumns) + path + (edit.paths.size() > 1 ? " …" : "") +
         doubt(edit);
}

template <class T, class Text>
std::vector<std::string> texts_of(const std::vector<T>& items, Text text) {
  std::vector<std::string> out;
  for (const auto& item : items) out.push_back(text(item));
  return out;
}

std::string single_lines(const api::WorkspaceSummary& summary) {
  const auto& edits = summary.edits.recent;
  const auto& services = summary.services.current;
  const auto& exports = summary.artifacts.exports;
  return line_of("Edits", texts_of(edits, edit_text), edits.size()) +
         line_of("Services",
                 texts_of(services,
                          [](const auto& service) {
                            return fmt::format("{} {}", code(service.service_name, kShortColumns),
                                               api::name_of(service.state));
                          }),
                 services.size()) +
         line_of("Shells",
                 texts_of(summary.shells.current,
                          [](const auto& shell) {
                            return fmt::format("{} {}", code(shell.shell_id, kShortColumns),
                                               api::name_of(shell.state));
                          }),
                 summary.shells.current.size()) +
         line_of("Exports",
                 texts_of(exports,
                          [](const auto& item) {
                            return code(item.workspace_path, kShortColumns) +
                                   (item.disk_format ? " (disk)" : "") + doubt(item);
                          }),
                 std::max<std::size_t>(summary.outcome.export_count, exports.size())) +
         line_of("Snapshots",
                 texts_of(summary.snapshots.recent,
                          [](const auto& item) { return code(item.snapshot_name, kShortColumns); }),
                 summary.snapshots.named_count);
}

}  // namespace

std::string summary_text(const api::WorkspaceSummary& summary) {
  const std::string rest = single_lines(summary);
  return summary_head(summary) + changes_part(summary.changes) + "\n" +
         commands_part(summary.commands) + (rest.empty() ? "" : "\n" + rest);
}

}  // namespace pyro::cli
