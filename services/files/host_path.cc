#include "services/files/host_path.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <utility>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/tree/beneath.h"

namespace pyro::files {
namespace {

Error is_a_link(const std::string& path) {
  return invalid_argument("'{}' leads through a symbolic link that was made meanwhile",
                          printable(path));
}

/// The caller named what is in the way: no defect of ours.
Error refused_by_host(std::string_view call, const std::filesystem::path& path) {
  const Error error = system_error(fmt::format("{} '{}'", call, printable(path.string())));
  if (error.code() != ErrorCode::kInternal) return error;
  return failed_precondition("{}", error.message());
}

/// A part of `path` that is in `directory`; "" is `directory` itself.
UniqueFd open_part(int directory, const std::string& part, const std::string& path, int flags,
                   Links links) {
  if (links == Links::kFollow) {
    return UniqueFd(::openat(directory, part.empty() ? "." : part.c_str(), flags | O_CLOEXEC));
  }
  UniqueFd opened = tree::open_beneath(directory, part, flags);
  if (!opened && errno == ELOOP) throw is_a_link(path);
  return opened;
}

UniqueFd open_root() { return open_file("/", O_PATH | O_DIRECTORY); }

std::filesystem::path below_root(const std::string& path) {
  return std::filesystem::path(path).relative_path();
}

}  // namespace

UniqueFd open_host_path(const std::string& path, int flags, Links links) {
  return open_part(open_root().get(), below_root(path).string(), path, flags, links);
}

UniqueFd make_host_directory(const std::string& path, Links links) {
  std::filesystem::path reached = "/";
  UniqueFd directory = open_root();
  for (const auto& part : below_root(path)) {
    reached /= part;
    const auto open = [&] {
      return open_part(directory.get(), part.string(), path, O_PATH | O_DIRECTORY, links);
    };
    UniqueFd next = open();
    if (!next && errno == ENOENT) {
      if (::mkdirat(directory.get(), part.c_str(), 0777) != 0 && errno != EEXIST) {
        throw refused_by_host("make directory", reached);
      }
      next = open();
    }
    if (!next) throw refused_by_host("open directory", reached);
    directory = std::move(next);
  }
  return directory;
}

}  // namespace pyro::files
