#include "common/fault/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"

namespace pyro::fault {
namespace {

namespace fs = std::filesystem;

const fs::path& directory() {
  static const fs::path path = [] {
    const char* text = std::getenv("PYRO_FAULTS");
    return fs::path(text == nullptr ? "" : text);
  }();
  return path;
}

/// Whether `file` holds just this name.
bool holds(const fs::path& file, std::string_view name) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  return fd && trim(read_to_end(fd.get(), 4096)) == name;
}

}  // namespace

void point(std::string_view name) {
  const fs::path& at = directory();
  if (at.empty()) return;
  const UniqueFd trace(::open((at / "trace").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (trace) write_all(trace.get(), fmt::format("{}\n", name));
  if (!holds(at / "stop-at", name)) return;
  // Opened before the point is told as reached: the test may write to it, and close it, at once.
  const UniqueFd go(::open((at / "go").c_str(), O_RDONLY | O_CLOEXEC));
  // Only one process, and only once: a restarted one passes.
  if (::rename((at / "stop-at").c_str(), (at / "reached").c_str()) != 0) return;
  if (!go) ::kill(::getpid(), SIGKILL);
  read_to_end(go.get(), 1);
}

}  // namespace pyro::fault
