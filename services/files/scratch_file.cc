#include "services/files/scratch_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro::files {

void write_scratch_file(const std::filesystem::path& path, std::string_view content) {
  open_scratch_file(path, content);
}

UniqueFd open_scratch_file(const std::filesystem::path& path, std::string_view content) {
  UniqueFd file = open_file(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  write_all(file.get(), content);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw system_error("lseek");
  return file;
}

}  // namespace pyro::files
