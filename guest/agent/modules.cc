#include "guest/agent/modules.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"

namespace pyro::agent {

void load_modules(const std::filesystem::path& directory) {
  for (const auto& line : split(read_file(directory / "order"), '\n')) {
    const std::string name(trim(line));
    if (name.empty()) continue;
    const UniqueFd file = open_file(directory / name, O_RDONLY);
    if (::syscall(SYS_finit_module, file.get(), "", 0) != 0 && errno != EEXIST) {
      throw system_error(fmt::format("load module '{}'", name));
    }
  }
}

}  // namespace pyro::agent
