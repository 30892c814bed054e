#include "services/files/empty_repository.h"

#include <fmt/core.h>

#include "services/files/scratch_file.h"

namespace pyro::files {

void make_empty_repository(const std::filesystem::path& directory, std::string_view object_format) {
  std::filesystem::create_directories(directory / "objects");
  std::filesystem::create_directories(directory / "refs");
  write_scratch_file(directory / "HEAD", "ref: refs/heads/none\n");
  if (object_format == "sha1") return;
  write_scratch_file(directory / "config",
                     fmt::format("[core]\n\trepositoryformatversion = 1\n[extensions]\n"
                                 "\tobjectFormat = {}\n",
                                 object_format));
}

}  // namespace pyro::files
