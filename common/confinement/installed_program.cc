#include "common/confinement/installed_program.h"

namespace pyro {

namespace fs = std::filesystem;

std::vector<std::string> files_of_program(const fs::path& program,
                                          const std::vector<std::string>& shared) {
  std::vector<fs::path> wanted = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"};
  std::vector<fs::path> prefixes = {"/usr"};
  if (program.parent_path().filename() == "bin") {
    const fs::path prefix = program.parent_path().parent_path();
    if (prefix != "/usr" && prefix != "/") {
      prefixes.push_back(prefix);
      for (const char* libraries : {"lib", "lib64"}) wanted.push_back(prefix / libraries);
    }
  }
  for (const auto& prefix : prefixes) {
    for (const auto& data : shared) wanted.push_back(prefix / "share" / data);
  }
  wanted.push_back(program);
  std::vector<std::string> found;
  for (const auto& path : wanted) {
    if (fs::exists(path)) found.push_back(path.string());
  }
  return found;
}

}  // namespace pyro
