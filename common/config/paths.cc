#include "common/config/paths.h"

#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/ownership/claim.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

/// The longest name below the runtime directory: `machines/<12 digits>.control`.
constexpr std::size_t kLongestSocketName = 40;
/// sizeof sockaddr_un.sun_path, with its final NUL (unix(7)).
constexpr std::size_t kSocketPathLimit = 108;

std::optional<fs::path> from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  if (*value != '/') throw invalid_argument("{} must be an absolute path, not '{}'", name, value);
  return fs::path(value);
}

fs::path home() {
  const auto found = from_environment("HOME");
  if (!found) throw failed_precondition("HOME is not set: set it, or PYRO_STATE_DIR and others");
  return *found;
}

fs::path xdg(const char* name, const char* below_home) {
  const auto found = from_environment(name);
  return (found ? *found : home() / below_home) / "pyro";
}

/// FNV-1a: only to tell state directories of one user apart, never for security.
std::uint32_t short_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

fs::path default_runtime_dir(fs::path state_dir, bool state_is_default) {
  const auto uid = ::geteuid();
  if (!state_dir.has_filename()) state_dir = state_dir.parent_path();  // "/a/" is "/a"
  const std::string tail =
      state_is_default ? "" : fmt::format("-{:08x}", short_hash(state_dir.string()));
  const fs::path user_dir = fmt::format("/run/user/{}", uid);
  struct stat info {};
  if (::stat(user_dir.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == uid) {
    return user_dir / ("pyro" + tail);
  }
  return fmt::format("/tmp/pyro-{}{}", uid, tail);
}

}  // namespace

fs::path Paths::bus_socket(std::string_view service) const {
  return bus_dir() / fmt::format("{}.sock", service);
}

void Paths::make_directories() const {
  const std::vector<ChosenDirectory> chosen = {
      {state_dir, "state", "PYRO_STATE_DIR or --state-dir"},
      {cache_dir, "cache", "PYRO_CACHE_DIR or --cache-dir"},
      {environments_dir, "environments", "PYRO_ENVIRONMENT_CACHE_DIR"},
      {runtime_dir, "runtime", "PYRO_RUNTIME_DIR or --runtime-dir"}};
  for (const auto& directory : chosen) claim_directory(directory, chosen);
  for (const auto& directory : {machines_dir(), workspaces_dir(), logs_dir(), kernels_dir(),
                                bus_dir(), runtime_dir / "machines"}) {
    make_private_directory(directory);
  }
}

Paths find_paths(const PathFlags& flags) {
  const auto choose = [](const std::optional<fs::path>& flag, const char* variable) {
    if (flag && !flag->is_absolute()) return std::optional<fs::path>(fs::absolute(*flag));
    return flag ? flag : from_environment(variable);
  };
  Paths paths;
  const auto state = choose(flags.state_dir, "PYRO_STATE_DIR");
  const auto cache = choose(flags.cache_dir, "PYRO_CACHE_DIR");
  const auto runtime = choose(flags.runtime_dir, "PYRO_RUNTIME_DIR");
  const auto environments = from_environment("PYRO_ENVIRONMENT_CACHE_DIR");
  paths.state_dir = state ? *state : xdg("XDG_STATE_HOME", ".local/state");
  paths.cache_dir = cache ? *cache : xdg("XDG_CACHE_HOME", ".cache");
  paths.environments_dir = environments ? *environments : paths.cache_dir / "environments";
  paths.runtime_dir =
      runtime ? *runtime : default_runtime_dir(paths.state_dir.lexically_normal(), !state);
  const auto config = from_environment("XDG_CONFIG_HOME");
  paths.config_file =
      (config ? *config
              : fs::path(std::getenv("HOME") == nullptr ? "/nonexistent" : std::getenv("HOME")) /
                    ".config") /
      "pyro" / "config.toml";
  if (paths.runtime_dir.string().size() + kLongestSocketName >= kSocketPathLimit) {
    throw invalid_argument(
        "runtime directory '{}' is too long for a unix socket address: set PYRO_RUNTIME_DIR to a "
        "path under {} bytes",
        paths.runtime_dir.string(), kSocketPathLimit - kLongestSocketName);
  }
  return paths;
}

PathWords words_for(const Paths& paths) {
  PathWords words;
  const auto same = [](const fs::path& a, const fs::path& b) {
    return (a / "").lexically_normal() == (b / "").lexically_normal();
  };
  const auto flag = [&](const char* name, const fs::path& path, const fs::path& usual) {
    if (same(path, usual)) return false;
    words.flags.insert(words.flags.end(), {name, path.string()});
    return true;
  };
  const bool other_state = flag("--state-dir", paths.state_dir, home() / ".local/state/pyro");
  flag("--cache-dir", paths.cache_dir, home() / ".cache/pyro");
  flag("--runtime-dir", paths.runtime_dir,
       default_runtime_dir(paths.state_dir.lexically_normal(), !other_state));
  if (!same(paths.environments_dir, paths.cache_dir / "environments")) {
    words.variables["PYRO_ENVIRONMENT_CACHE_DIR"] = paths.environments_dir.string();
  }
  const fs::path config_home = paths.config_file.parent_path().parent_path();
  std::error_code none;
  if (!same(config_home, home() / ".config") && fs::exists(paths.config_file, none)) {
    words.variables["XDG_CONFIG_HOME"] = config_home.string();
  }
  return words;
}

void export_paths(const Paths& paths) {
  ::setenv("PYRO_STATE_DIR", paths.state_dir.c_str(), 1);
  ::setenv("PYRO_CACHE_DIR", paths.cache_dir.c_str(), 1);
  ::setenv("PYRO_ENVIRONMENT_CACHE_DIR", paths.environments_dir.c_str(), 1);
  ::setenv("PYRO_RUNTIME_DIR", paths.runtime_dir.c_str(), 1);
}

std::vector<fs::path> home_directories() {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  std::vector<fs::path> homes;
  for (const char* home : {std::getenv("HOME"), found == nullptr ? nullptr : found->pw_dir}) {
    if (home != nullptr && *home != '\0') homes.emplace_back(home);
  }
  return homes;
}

}  // namespace pyro
