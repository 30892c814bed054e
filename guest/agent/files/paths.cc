#include "guest/agent/files/paths.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"

namespace pyro::agent::files {

std::string shown(std::string_view path) { return printable(tree::join("/workspace", path)); }

const std::string& checked(const std::string& path) {
  if (tree::is_clean_path(path)) return path;
  throw invalid_argument(reason::kOutsideWorkspace,
                         "workspace path must stay inside /workspace: '{}'", printable(path));
}

Error does_not_exist(std::string_view path) {
  return not_found(reason::kPathMissing, "workspace path does not exist: {}", shown(path));
}

UniqueFd open_for_reading(int tree, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const char* name = path.empty() ? "." : path.c_str();
  while (true) {
    const long fd = ::syscall(SYS_openat2, tree, name, &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EINTR && errno != EAGAIN) break;
  }
  if (errno == ENOENT || errno == ENOTDIR) throw does_not_exist(path);
  if (errno == EXDEV) {
    throw failed_precondition(reason::kOutsideWorkspace,
                              "workspace path must stay inside /workspace: {} leads out of it",
                              shown(path));
  }
  if (errno == ELOOP || errno == ENXIO) return UniqueFd();
  throw tree::path_error("open", shown(path));
}

Found find_for_reading(int tree, const std::string& path) {
  // With `/.` behind it even a parent that is a link itself is on the way and not at the end.
  const std::string parent = tree::join(tree::parent_of(checked(path)), ".");
  UniqueFd directory = open_for_reading(tree, parent, O_PATH | O_DIRECTORY);
  if (!directory) throw does_not_exist(path);
  return {.directory = std::move(directory), .name = std::string(tree::name_of(path))};
}

}  // namespace pyro::agent::files
