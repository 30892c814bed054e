#include "common/stack/installation.h"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <cstdlib>
#include <initializer_list>

#include "common/base/error.h"
#include "common/base/reasons/stack.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

/// The directory of the file that holds this code: a program of the suite, or the client library in
/// a foreign program.
fs::path own_directory() {
  Dl_info info{};
  link_map* object = nullptr;
  const bool found = ::dladdr1(reinterpret_cast<const void*>(&find_helper), &info,
                               reinterpret_cast<void**>(&object), RTLD_DL_LINKMAP) != 0;
  const bool is_library = found && object->l_name[0] != '\0';
  std::error_code failed;
  // The program may have been replaced since, and is found where it was.
  const fs::path file = is_library ? fs::canonical(object->l_name, failed)
                                   : fs::read_symlink("/proc/self/exe", failed);
  if (failed) {
    throw internal_error("resolve '{}': {}", is_library ? object->l_name : "/proc/self/exe",
                         failed.message());
  }
  return file.parent_path();
}

fs::path first_of(std::string_view name, std::initializer_list<fs::path> places) {
  std::string tried;
  for (const auto& place : places) {
    fs::path candidate = (place / name).lexically_normal();
    if (::access(candidate.c_str(), R_OK) == 0) return candidate;
    tried += fmt::format("{}'{}'", tried.empty() ? "" : ", ", candidate.string());
  }
  throw not_found(reason::kNotInstalled, "'{}' is missing (looked for {}): install pyro again",
                  name, tried);
}

}  // namespace

fs::path find_helper(std::string_view program) {
  const fs::path here = own_directory();
  return first_of(
      program, {here, here / "../libexec/pyro", here / "../../libexec/pyro", here / "../../bin"});
}

fs::path find_share_file(std::string_view name) {
  const fs::path here = own_directory();
  return first_of(name, {here / "../share/pyro", here / "../../share/pyro"});
}

fs::path find_stack_file() {
  const char* chosen = std::getenv("PYRO_STACK_FILE");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  return find_share_file("stack.toml");
}

}  // namespace pyro
