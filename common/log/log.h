#pragma once

#include <fmt/core.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace pyro::log {

/// Sends this process's log to `<directory>/<name>.log` (rotated at 4 MiB, three kept).
/// `level`: debug, info, warning or error.
void start(const std::filesystem::path& directory, std::string_view name, std::string_view level);

/// While it lives, each line of this thread carries `[trace subject]`; the subject is the current
/// machine or workspace.
class Context {
 public:
  Context(std::string_view trace_id, std::string_view subject);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

 private:
  std::string previous_;
};

/// Each line passes through `redact` before it is written; empty: as it is. Threads that log call
/// it at the same time.
void redact_by(std::function<std::string(std::string)> redact);

/// One line; before `start`, on standard output. The only include of spdlog is in log.cc: its
/// headers would take more of each file's compilation than most files themselves.
enum class Level { kDebug, kInfo, kWarning, kError };
void write(Level level, fmt::string_view text, fmt::format_args args);

/// `info("vm {} was deleted", id)`
template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kDebug, text, fmt::make_format_args(args...));
}
template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kInfo, text, fmt::make_format_args(args...));
}
template <class... Args>
void warn(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kWarning, text, fmt::make_format_args(args...));
}
template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kError, text, fmt::make_format_args(args...));
}

}  // namespace pyro::log
