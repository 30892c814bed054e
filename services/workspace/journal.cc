#include "services/workspace/journal.h"

#include <fcntl.h>

#include <algorithm>
#include <map>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;

/// What one reply of all commands carries in all; the bus takes 64 MiB.
constexpr std::size_t kMostLogBytes = 32U << 20U;

/// A reset or a lack of room may remove it at any time.
std::string content_of(const fs::path& file) {
  try {
    return read_file(file);
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

api::CommandSummary CommandRecord::summary() const {
  return {.sequence = sequence,
          .command = command,
          .cwd = cwd,
          .exit_code = exit_code,
          .duration_ms = duration_ms,
          .execution_mode = execution_mode};
}

std::string Journal::row_of(const CommandRecord& command) {
  return fmt::format("{}/{:06}/{:010}", command.workspace_id, command.session, command.sequence);
}

fs::path Journal::output_file(const CommandRecord& command, std::string_view stream) const {
  return WorkspacePaths(paths_, command.workspace_id).output(command.session) /
         fmt::format("{:010}.{}", command.sequence, stream);
}

CommandRecord Journal::begin(const WorkspaceRecord& workspace, CommandRecord command) {
  const std::lock_guard lock(mutex_);
  const auto last = rows_.last_below(workspace.session_prefix(), 1);
  command.workspace_id = workspace.id();
  command.session = workspace.session;
  command.sequence = last.empty() ? 1 : last.front().sequence + 1;
  command.recorded_at = now_epoch_seconds();
  rows_.put(row_of(command), command);
  return command;
}

void Journal::retract(const CommandRecord& command) {
  const std::lock_guard lock(mutex_);
  rows_.erase(row_of(command));
}

void Journal::finish(CommandRecord& command, const CommandOutput& output) {
  const auto keep = [&](std::string_view stream, const CapturedOutput& captured) {
    const std::string text = captured.text();
    if (text.empty()) return;
    const fs::path file = output_file(command, stream);
    fs::create_directories(file.parent_path());
    const UniqueFd fd = open_file(file, O_WRONLY | O_CREAT | O_TRUNC);
    write_all(fd.get(), text);
  };
  command.stdout_truncated = output.stdout_text.truncated();
  command.stderr_truncated = output.stderr_text.truncated();
  const std::lock_guard lock(mutex_);
  // Deleted or reset meanwhile: nothing of it is wanted.
  if (!rows_.get(row_of(command))) return;
  try {
    keep("stdout", output.stdout_text);
    keep("stderr", output.stderr_text);
  } catch (const std::exception&) {
    // A full disk: how it ended is kept all the same.
    command.stdout_truncated = command.stderr_truncated = true;
  }
  rows_.put(row_of(command), command);
  make_room(command);
}

void Journal::make_room(const CommandRecord& latest) {
  std::map<fs::path, std::uint64_t> sizes;  // by name, so by age
  std::uint64_t total = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(output_file(latest, "").parent_path(), none)) {
    total += sizes[entry.path()] = entry.file_size(none);
  }
  for (const auto& [file, size] : sizes) {
    if (total <= session_bytes_) return;
    CommandRecord owner{.workspace_id = latest.workspace_id, .session = latest.session};
    owner.sequence = std::stoull(file.stem().string());
    if (owner.sequence == latest.sequence) return;
    if (auto row = rows_.get(row_of(owner))) {
      (file.extension() == ".stdout" ? row->stdout_truncated : row->stderr_truncated) = true;
      rows_.put(row_of(owner), *row);
    }
    fs::remove(file, none);
    total -= size;
  }
}

std::uint64_t Journal::count(const WorkspaceRecord& workspace) const {
  const std::lock_guard lock(mutex_);
  return rows_.count_below(workspace.session_prefix());
}

std::vector<CommandRecord> Journal::recent(const WorkspaceRecord& workspace,
                                           std::uint32_t limit) const {
  const std::lock_guard lock(mutex_);
  return rows_.last_below(workspace.session_prefix(), limit);
}

api::WorkspaceLog Journal::log(const WorkspaceRecord& workspace) const {
  const auto commands = recent(workspace, RecordTable<CommandRecord>::kAllRows);
  api::WorkspaceLog log{.workspace_id = workspace.id(),
                        .count = static_cast<std::uint32_t>(commands.size())};
  constexpr std::size_t kEntryBytes = 512;
  std::size_t bytes = 0;
  for (const auto& command : commands) {  // the latest first, so that it is the old that gives way
    bytes += kEntryBytes + command.command.size();
    if (bytes > kMostLogBytes) break;
    api::LogEntry entry{.sequence = command.sequence,
                        .command = command.command,
                        .cwd = command.cwd,
                        .exit_code = command.exit_code,
                        .duration_ms = command.duration_ms,
                        .execution_mode = command.execution_mode,
                        .recorded_at = command.recorded_at,
                        .stdout_truncated = command.stdout_truncated,
                        .stderr_truncated = command.stderr_truncated};
    const auto take = [&](std::string_view stream, std::string& text, bool& truncated) {
      std::string content = content_of(output_file(command, stream));
      if (bytes + content.size() > kMostLogBytes) {
        truncated = true;
        return;
      }
      bytes += content.size();
      text = std::move(content);
    };
    take("stdout", entry.stdout_text, entry.stdout_truncated);
    take("stderr", entry.stderr_text, entry.stderr_truncated);
    log.entries.push_back(std::move(entry));
  }
  std::reverse(log.entries.begin(), log.entries.end());
  return log;
}

std::vector<CommandRecord> Journal::running() const {
  const std::lock_guard lock(mutex_);
  std::vector<CommandRecord> found = rows_.all();
  std::erase_if(found, [](const CommandRecord& command) {
    return command.state != api::agent::JobState::kRunning;
  });
  return found;
}

void Journal::forget_other_sessions(const WorkspaceRecord& workspace) {
  const WorkspacePaths files(paths_, workspace.id());
  const std::lock_guard lock(mutex_);
  rows_.erase_if([&workspace](const CommandRecord& command) {
    return command.workspace_id == workspace.id() && command.session != workspace.session;
  });
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(files.output(), none)) {
    if (entry.path() != files.output(workspace.session)) fs::remove_all(entry.path(), none);
  }
}

void Journal::forget(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  rows_.erase_below(workspace_id + "/");
}

}  // namespace pyro::workspace
