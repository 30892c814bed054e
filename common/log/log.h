#pragma once

#include <spdlog/spdlog.h>

#include <filesystem>
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

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

}  // namespace pyro::log
