#include "common/tree/beneath.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "common/base/text.h"

namespace pyro::tree {
namespace {

UniqueFd open_how_told(int directory, const std::string& path, const open_how& how) {
  const char* name = path.empty() ? "." : path.c_str();
  while (true) {
    const long fd = ::syscall(SYS_openat2, directory, name, &how, sizeof how);
    // EAGAIN: something was renamed somewhere while a `..` was resolved.
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return UniqueFd(static_cast<int>(fd));
  }
}

}  // namespace

UniqueFd open_beneath(int directory, const std::string& path, int flags, unsigned mode) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return open_how_told(directory, path, how);
}

bool leads_above(int directory, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return !open_how_told(directory, path, how) && errno == EXDEV;
}

bool is_gone(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENXIO:  // a socket, or a device that is not there
    case EXDEV:  // moved out from beneath while it was opened
      return true;
    default:
      return false;
  }
}

std::vector<std::string> names_in(int directory, std::string_view shown) {
  std::vector<std::string> names;
  alignas(dirent64) std::array<char, 32U << 10U> buffer;
  while (true) {
    const ssize_t bytes = ::getdents64(directory, buffer.data(), buffer.size());
    if (bytes < 0 && errno == ENOENT) return names;  // the directory was removed meanwhile
    if (bytes < 0) throw path_error("list", shown);
    if (bytes == 0) return names;
    for (ssize_t at = 0; at < bytes;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      at += entry->d_reclen;
    }
  }
}

Error path_error(std::string_view call, std::string_view path, int error_number) {
  return system_error(fmt::format("{} '{}'", call, path.empty() ? "." : printable(path)),
                      error_number);
}

}  // namespace pyro::tree
