#include "guest/agent/secrets/secret_directory.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/unique_fd.h"

namespace pyro::agent {
namespace {

namespace fs = std::filesystem;

/// All secrets at most, and what the file system takes for itself.
constexpr const char* kMountOptions = "mode=0700,size=16m";

void check_name(const std::string& name) {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  if (name.empty() || name.find_first_not_of(kCharacters) != std::string::npos) {
    throw invalid_argument("a secret's name may hold letters, digits and '_' only");
  }
}

void write_one(const fs::path& directory, const api::agent::Secret& secret) {
  const fs::path beside = directory / ("." + secret.name);
  const fs::path path = directory / secret.name;
  ::unlink(beside.c_str());
  const UniqueFd file = open_file(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0400);
  write_all(file.get(), secret.value.data);
  if (::rename(beside.c_str(), path.c_str()) != 0) throw system_error("rename a secret");
}

}  // namespace

void mount_for_secrets(const fs::path& directory) {
  fs::create_directories(directory);
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
  if (::mount("pyro-secrets", directory.c_str(), "tmpfs", kFlags, kMountOptions) != 0) {
    throw system_error("mount the directory of the secrets");
  }
}

void write_secrets(const fs::path& directory, const std::vector<api::agent::Secret>& secrets) {
  std::set<std::string> names;
  for (const auto& secret : secrets) {
    check_name(secret.name);
    write_one(directory, secret);
    names.insert(secret.name);
  }
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!names.contains(entry.path().filename().string())) fs::remove_all(entry.path());
  }
}

}  // namespace pyro::agent
