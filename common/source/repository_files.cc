#include <fcntl.h>
#include <sys/stat.h>

#include "common/base/files.h"
#include "common/base/reasons/environment.h"
#include "common/base/text.h"
#include "common/source/repository.h"
#include "common/tree/beneath.h"

namespace pyro::source {

Error broken_repository(const std::filesystem::path& work_tree, std::string_view why) {
  return failed_precondition(reason::kRepositoryUnreadable,
                             "the Git repository of '{}' cannot be read: {}. Mend it (`git fsck` "
                             "says what is wrong), name "
                             "a seed_path, or start the server with --no-project-source",
                             printable(work_tree.string()), why);
}

std::optional<std::string> read_git_file(const std::filesystem::path& directory,
                                         const std::string& name, std::size_t limit_bytes) {
  const UniqueFd top = open_file(directory, O_PATH | O_DIRECTORY);
  // O_NONBLOCK: a FIFO would wait for a writer.
  const UniqueFd file = tree::open_beneath(top.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const std::string shown = printable((directory / name).string());
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!file && (errno == ELOOP || errno == EXDEV)) {
    throw failed_precondition("'{}' is or lies behind a symbolic link, which is not followed",
                              shown);
  }
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) throw tree::path_error("open", shown);
  if (S_ISDIR(info.st_mode)) return std::nullopt;
  if (!S_ISREG(info.st_mode)) throw failed_precondition("'{}' is no ordinary file", shown);
  std::string text = read_to_end(file.get(), limit_bytes + 1);
  if (text.size() > limit_bytes) {
    throw failed_precondition("'{}' is longer than {}", shown, human_size(limit_bytes));
  }
  return text;
}

std::string read_packed_refs(const Repository& repository) {
  constexpr std::size_t kLimit = 256U << 20U;
  return read_git_file(repository.common_directory, "packed-refs", kLimit).value_or("");
}

}  // namespace pyro::source
