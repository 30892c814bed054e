#include "common/bus/starting.h"

#include <fcntl.h>

#include <charconv>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/process/pidfd.h"

namespace pyro::bus {

std::filesystem::path lock_file_of(const std::filesystem::path& socket) {
  std::filesystem::path path = socket;
  return path.replace_extension(".lock");
}

void note_serving(const std::filesystem::path& socket) {
  write_all(open_file(lock_file_of(socket), O_WRONLY | O_APPEND).get(), "serving\n");
}

bool is_starting(const std::filesystem::path& socket) {
  try {
    const auto file = lock_file_of(socket);
    const auto lines = split(trim(read_file(file, 8192)), '\n');
    pid_t pid = -1;
    std::from_chars(lines[0].data(), lines[0].data() + lines[0].size(), pid);
    return lines.size() == 1 && pid > 0 && has_open(pid, file);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace pyro::bus
