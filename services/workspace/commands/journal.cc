#include "services/workspace/commands/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "common/api/message_table.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/workspace.h"
#include "common/fault/fault.h"
#include "services/workspace/commands/row_number.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;

/// The most that one reply of all commands carries; the bus takes 64 MiB.
constexpr std::size_t kMostLogBytes = 32U << 20U;

/// A reset or a lack of room may remove it at any time.
std::string content_of(const fs::path& file) {
  try {
    return read_file(file);
  } catch (const Error&) {
    return "";
  }
}

/// From a file that is the beginning and the end of the output, one behind the other.
OutputPart part_of(const fs::path& file, OutputShape shape, std::uint64_t offset,
                   std::uint64_t max_bytes) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  const bool there = fd && ::fstat(fd.get(), &status) == 0;
  const OutputSpan span =
      locate(shape, there ? static_cast<std::uint64_t>(status.st_size) : 0, offset, max_bytes);
  OutputPart part{.dropped = span.dropped, .data = {}, .then = span.then};
  if (span.bytes == 0) return part;
  if (::lseek(fd.get(), static_cast<off_t>(span.position), SEEK_SET) < 0) {
    throw system_error("lseek");
  }
  part.data = read_to_end(fd.get(), span.bytes);
  return part;
}

OutputShape stdout_shape(const CommandRecord& command) {
  return {.total = command.stdout_bytes, .head = command.stdout_head_bytes};
}
OutputShape stderr_shape(const CommandRecord& command) {
  return {.total = command.stderr_bytes, .head = command.stderr_head_bytes};
}

}  // namespace

api::CommandSummary CommandRecord::summary() const {
  api::CommandSummary summary;
  api::assign_fields(summary, *this);
  summary.duration_ms = elapsed_ms();
  return summary;
}

std::uint64_t CommandRecord::elapsed_ms() const {
  if (!running()) return duration_ms;
  return static_cast<std::uint64_t>(std::max(0.0, now_epoch_seconds() - recorded_at) * 1000);
}

Error no_such_job(const std::string& workspace_id, const std::string& job_id) {
  return not_found(
      reason::kJobMissing,
      "job '{}' does not exist in workspace '{}': the logs of the workspace name those since its "
      "last reset",
      job_id, workspace_id);
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
  command.workspace_id = workspace.id();
  command.session = workspace.session;
  command.sequence = next_number(rows_, workspace.session_prefix());
  command.recorded_at = now_epoch_seconds();
  rows_.put(row_of(command), command);
  return command;
}

void Journal::retract(const CommandRecord& command) {
  const std::lock_guard lock(mutex_);
  erase(row_of(command));
}

/// First what would be no one's without it.
void Journal::erase(const std::string& row) {
  cursors_.forget(row);
  rows_.erase(row);
}

void Journal::finish(CommandRecord& command, const CommandOutput& output) {
  // Deleted or reset meanwhile: nothing of it is wanted.
  if (!rows_.contains(row_of(command))) return;
  // Up to 16 MiB, for which no other caller has to wait.
  command.stdout_truncated = !keep(command, "stdout", output.stdout_text);
  command.stderr_truncated = !keep(command, "stderr", output.stderr_text);
  const auto [out_total, out_head] = output.stdout_text.shape();
  const auto [err_total, err_head] = output.stderr_text.shape();
  command.stdout_bytes = out_total;
  command.stdout_head_bytes = out_head;
  command.stderr_bytes = err_total;
  command.stderr_head_bytes = err_head;
  fault::point("workspace.exec.output_kept");
  const std::lock_guard lock(mutex_);
  if (!rows_.contains(row_of(command))) return drop_output(command);
  rows_.put(row_of(command), command);
  make_room(command);
}

/// False when not all of it is kept.
bool Journal::keep(const CommandRecord& command, std::string_view stream,
                   const CapturedOutput& captured) {
  const std::string kept = captured.kept();
  if (kept.empty()) return !captured.truncated();
  const fs::path file = output_file(command, stream);
  try {
    // Not that of the workspace, which may be gone by now.
    fs::create_directory(file.parent_path().parent_path());
    fs::create_directory(file.parent_path());
    const UniqueFd fd = open_file(file, O_WRONLY | O_CREAT | O_TRUNC);
    write_all(fd.get(), kept);
    return !captured.truncated();
  } catch (const std::exception&) {
    // A full disk: how it ended is kept all the same. A part of it would be at no known place.
    std::error_code none;
    fs::remove(file, none);
    return false;
  }
}

void Journal::drop_output(const CommandRecord& command) const {
  std::error_code none;
  for (const char* stream : {"stdout", "stderr"}) fs::remove(output_file(command, stream), none);
  fs::remove(output_file(command, "").parent_path(), none);  // when nothing else is in it
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
    if (auto row = rows_.find_readable(row_of(owner))) {
      if (row->running()) continue;  // it is being written
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

std::optional<CommandRecord> Journal::find(const WorkspaceRecord& workspace,
                                           const std::string& job_id) const {
  const std::lock_guard lock(mutex_);
  for (auto& command : rows_.last_below_with(workspace.session_prefix(), job_id)) {
    if (command.job_id == job_id) return std::move(command);
  }
  return std::nullopt;
}

std::vector<CommandRecord> Journal::find_all(const std::string& job_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<CommandRecord> found = rows_.all();
  std::erase_if(found, [&](const CommandRecord& command) { return command.job_id != job_id; });
  return found;
}

CommandPart Journal::read(const CommandRecord& command, const OutputPlace& from,
                          std::uint64_t max_bytes) const {
  return {.command = command,
          .stdout_text = part_of(output_file(command, "stdout"), stdout_shape(command),
                                 from.stdout_offset, max_bytes),
          .stderr_text = part_of(output_file(command, "stderr"), stderr_shape(command),
                                 from.stderr_offset, max_bytes)};
}

CommandText Journal::text(const CommandRecord& command) const {
  const auto text_in = [&](std::string_view stream, OutputShape shape) {
    const std::string kept = content_of(output_file(command, stream));
    return kept.empty() ? kept : text_of(shape, kept);
  };
  return {.stdout_text = text_in("stdout", stdout_shape(command)),
          .stderr_text = text_in("stderr", stderr_shape(command))};
}

api::WorkspaceLog Journal::log(const WorkspaceRecord& workspace, const Live& live,
                               std::optional<std::uint32_t> offset) const {
  auto commands = recent(workspace, RecordTable<CommandRecord>::kAllRows);
  api::WorkspaceLog log{.count = static_cast<std::uint32_t>(commands.size())};
  // The latest first, so that it is the old that gives way; unless some are asked for.
  if (offset) {
    commands.resize(log.count - std::min(*offset, log.count));
    std::reverse(commands.begin(), commands.end());
  }
  constexpr std::size_t kEntryBytes = 512;
  std::size_t bytes = 0;
  for (const auto& command : commands) {
    bytes += kEntryBytes + command.command.size();
    if (bytes > kMostLogBytes) break;
    api::LogEntry entry;
    api::assign_fields(entry, command);
    entry.duration_ms = command.elapsed_ms();
    CommandText printed;
    const auto so_far = command.running() && live ? live(command) : std::nullopt;
    if (so_far) {
      printed = {so_far->stdout_text.text(), so_far->stderr_text.text()};
      entry.stdout_truncated = so_far->stdout_text.truncated();
      entry.stderr_truncated = so_far->stderr_text.truncated();
    } else if (bytes < kMostLogBytes) {
      printed = text(command);
    }
    const auto take = [&](std::string&& text, std::string& taken, bool& truncated) {
      if (bytes + text.size() > kMostLogBytes) {
        truncated = true;
        return;
      }
      bytes += text.size();
      taken = std::move(text);
    };
    take(std::move(printed.stdout_text), entry.stdout_text, entry.stdout_truncated);
    take(std::move(printed.stderr_text), entry.stderr_text, entry.stderr_truncated);
    log.entries.push_back(std::move(entry));
  }
  log.offset =
      log.count - static_cast<std::uint32_t>(offset ? commands.size() : log.entries.size());
  if (!offset) std::reverse(log.entries.begin(), log.entries.end());
  if (const auto next = log.offset + log.entries.size(); next < log.count) {
    log.truncated = true;
    log.next_offset = next;
  }
  return log;
}

OutputPlace Journal::place_of(const CommandRecord& command, std::uint64_t cursor) const {
  const std::lock_guard lock(mutex_);
  if (const auto place = cursors_.find(row_of(command), cursor)) return *place;
  throw invalid_argument("job '{}' has no cursor {}: cursor 0 reads from the start", command.job_id,
                         cursor);
}

std::uint64_t Journal::cursor_of(const CommandRecord& command, const OutputPlace& place) {
  const std::lock_guard lock(mutex_);
  if (!rows_.contains(row_of(command))) throw no_such_job(command.workspace_id, command.job_id);
  return cursors_.cursor_of(row_of(command), place);
}

std::vector<CommandRecord> Journal::running() const {
  const std::lock_guard lock(mutex_);
  std::vector<CommandRecord> found = rows_.all();
  std::erase_if(found, [](const CommandRecord& command) { return !command.running(); });
  return found;
}

void Journal::forget_other_sessions(const WorkspaceRecord& workspace) {
  const WorkspacePaths files(paths_, workspace.id());
  const std::lock_guard lock(mutex_);
  for (const auto& row : rows_.last_ids_below(workspace.id() + "/")) {
    if (!row.starts_with(workspace.session_prefix())) erase(row);
  }
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(files.output(), none)) {
    if (entry.path() != files.output(workspace.session)) fs::remove_all(entry.path(), none);
  }
}

void Journal::forget(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  cursors_.forget(workspace_id);
  rows_.erase_below(workspace_id + "/");
}

}  // namespace pyro::workspace

PYRO_TABLE(pyro::workspace::CommandRecord)
