#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/api/message_table.h"
#include "common/base/text.h"
#include "gateway/cli/commands/stack/log_follower.h"
#include "gateway/cli/commands/stack/stack.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

struct LogLine {
  std::string service;
  std::string line;

  template <class Fields>
  static void describe(Fields& f) {
    f("service", &LogLine::service, "The service that wrote it.");
    f("line", &LogLine::line, "The line, which begins with its time.");
  }
};

struct StackLogs {
  std::string logs_dir;
  std::vector<LogLine> lines;

  template <class Fields>
  static void describe(Fields& f) {
    f("logs_dir", &StackLogs::logs_dir, "Where the logs are.");
    f("lines", &StackLogs::lines, "The last lines by their time.");
  }
};

struct Options {
  std::string service;
  std::uint32_t lines = 50;
  bool follow = false;
};

std::string text_of(const std::string& service, std::string_view line) {
  return fmt::format("{:<10} | {}\n", service, printable(line));
}

StackLogs collect(const std::filesystem::path& directory, const Options& options) {
  StackLogs logs{directory.string(), {}};
  std::vector<std::string> known;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    const std::string service = entry.path().stem().string();
    if (!is_log(entry.path())) continue;
    known.push_back(service);
    if (!options.service.empty() && options.service != service) continue;
    for (auto& line : last_lines(entry.path(), options.lines)) {
      logs.lines.push_back({service, std::move(line)});
    }
  }
  if (!options.service.empty() &&
      std::find(known.begin(), known.end(), options.service) == known.end()) {
    std::sort(known.begin(), known.end());
    throw not_found("service '{}' has no log in '{}'; there are: {}", options.service,
                    directory.string(), known.empty() ? "none" : join(known, ", "));
  }
  // A line begins with its time, so the order of text is the order of time.
  std::stable_sort(logs.lines.begin(), logs.lines.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  if (logs.lines.size() > options.lines) {
    logs.lines.erase(logs.lines.begin(),
                     logs.lines.end() - static_cast<std::ptrdiff_t>(options.lines));
  }
  return logs;
}

int show(Session& session, const Options& options) {
  if (session.json && options.follow) throw UsageError("--json and --follow exclude each other");
  const auto directory = session.paths().logs_dir();
  // Take the positions before reading the tail: a line may come twice, but none is lost.
  LogFollower follower(directory, options.service.empty()
                                      ? std::vector<std::string>{}
                                      : std::vector<std::string>{options.service});
  print_reply<StackLogs>(session, collect(directory, options), [](const StackLogs& logs) {
    std::string text;
    for (const auto& [service, line] : logs.lines) text += text_of(service, line);
    return text;
  });
  if (options.follow) {
    follower.follow(
        session.signals().token(),
        [](const std::string& service, std::string_view line) { print(text_of(service, line)); });
  }
  return 0;
}

std::uint32_t line_count(const std::string& text) {
  std::uint32_t count = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || stopped != end || count == 0) {
    throw UsageError(
        fmt::format("invalid value '{}' for --lines: expected a positive number", text));
  }
  return count;
}

}  // namespace

void add_stack_logs(CliCommand& stack, Session& session) {
  auto& command = stack.add_command("logs", "Show the services' logs");
  command.footer =
      "Examples:\n  pyro stack logs\n  pyro stack logs --service vm --lines 200\n"
      "  pyro stack logs --follow";
  auto options = std::make_shared<Options>();
  command.add({.name = "--service", .help = "Only this service", .value_name = "NAME"},
              options->service);
  command.add({.name = "--lines", .help = "How many lines; default 50", .value_name = "N"},
              [options](const std::string& text) { options->lines = line_count(text); });
  command.add_flag("--follow", "Show new lines too, until Ctrl-C", options->follow);
  add_json_flag(command, session);
  command.action = [&session, options] { return show(session, *options); };
}

}  // namespace pyro::cli
