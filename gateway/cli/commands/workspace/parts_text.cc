#include "gateway/cli/commands/workspace/parts_text.h"

#include <fmt/core.h>

#include <vector>

#include "common/base/text.h"
#include "gateway/cli/text/human.h"

namespace pyro::cli {
namespace {

constexpr std::size_t kWholePathColumns = 4096;

}  // namespace

std::string path_text(std::string_view path) { return one_line(path, kWholePathColumns); }

std::string amount_text(std::uint64_t entries, std::uint64_t bytes) {
  return fmt::format("{}, {}", count_of(entries, "entry", "entries"), human_size(bytes));
}

std::string skipped_text(std::uint64_t skipped) {
  if (skipped == 0) return "";
  return fmt::format("; {} left out", count_of(skipped, "socket, FIFO or device was",
                                               "sockets, FIFOs or devices were"));
}

std::string labels_text(const std::map<std::string, std::string>& labels) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : labels) texts.push_back(fmt::format("{}={}", key, value));
  return one_line(join(texts, ", "), kTextColumns);
}

std::string outcome_text(const api::CommandSummary& command) {
  const std::string time = human_milliseconds(command.duration_ms);
  if (command.state == api::JobState::kRunning) {
    return fmt::format("runs for {} as job {}", time, one_line(command.job_id, kTextColumns));
  }
  if (!command.exit_code && command.state == api::JobState::kTimedOut) {
    return "no exit status: its guest did not say in time how it ended";
  }
  if (!command.exit_code) return "no exit status: its guest ended first";
  if (command.state == api::JobState::kCancelled) return fmt::format("cancelled after {}", time);
  return fmt::format("exit {} after {}{}", *command.exit_code, time,
                     command.killed_by ? ", out of memory" : "");
}

std::string ignored_text(std::uint32_t ignored) {
  if (ignored == 0) return "";
  return fmt::format("; {} left out", count_of(ignored, "ignored path"));
}

std::string counts_text(const ChangeCounts& counts, std::string_view one_of_them) {
  std::vector<std::string> parts;
  const auto part = [&parts](std::uint32_t number, std::string_view kind) {
    if (number > 0) parts.push_back(fmt::format("{} {}", number, kind));
  };
  part(counts.added, "added");
  part(counts.modified, "modified");
  part(counts.deleted, "deleted");
  part(counts.type_changed, "type changed");
  return fmt::format("{}: {}", count_of(counts.total, one_of_them), join(parts, ", "));
}

}  // namespace pyro::cli
