#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/base/text.h"

namespace pyro::testing {

/// A file of /proc, which has no size that could be asked for: what it gave before its process
/// ended. `<<` takes the stream's "No such process" for an end; an iterator would throw it.
inline std::string content_of(const std::filesystem::path& file) {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(content).str();
}

/// The other processes whose environment names this state directory, or whose command line names a
/// file in it, since a confined VMM has no environment: those of a stack, and what a test started
/// for it. With a name, only those of that program.
inline std::vector<pid_t> processes_of(const std::filesystem::path& state_dir,
                                       const std::string& name = "") {
  std::vector<pid_t> found;
  // Ended, so that no directory is taken for one whose path it begins.
  const std::string mark = "PYRO_STATE_DIR=" + state_dir.string() + '\0';
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string text = entry.path().filename().string();
    pid_t pid = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (parsed.ec != std::errc() || pid == ::getpid()) continue;
    // Empty for a zombie, which is nobody's concern any more.
    if (content_of(entry.path() / "environ").find(mark) == std::string::npos &&
        content_of(entry.path() / "cmdline").find(state_dir.string() + "/") == std::string::npos) {
      continue;
    }
    // The kernel keeps 15 characters of a program's name.
    const std::string comm(trim(content_of(entry.path() / "comm")));
    if (name.empty() || comm == name.substr(0, 15)) found.push_back(pid);
  }
  return found;
}

}  // namespace pyro::testing
