#include "common/secrets/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "common/api/message_table.h"
#include "common/api/msgpack_codec.h"
#include "common/base/files.h"
#include "common/base/reasons/workspace.h"

namespace pyro {

std::string StoredSecret::text() const {
  std::string text = value.data;
  if (source_kind == api::SecretSource::kFile && text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string> SecretFile::hosts() const {
  std::set<std::string> all;
  for (const auto& secret : secrets) all.insert(secret.hosts.begin(), secret.hosts.end());
  return {all.begin(), all.end()};
}

void write_secret_file(const std::filesystem::path& path, const SecretFile& secrets) {
  write_file_atomically(path, api::to_msgpack(secrets));
}

SecretFile read_secret_file(const std::filesystem::path& path) {
  try {
    return api::from_msgpack<SecretFile>(read_file(path), api::UnknownFields::kIgnore);
  } catch (const Error& error) {
    throw failed_precondition(
        reason::kSecretsLost,
        "the file with the workspace's secrets cannot be read, and without it nothing of the "
        "workspace is shown: {}; `pyro workspace disk export` copies the disk of a stopped one",
        error.message());
  }
}

void wipe_secret_file(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return;
    throw system_error("open the file with secrets");
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw system_error("stat the file with secrets");
  write_all(file.get(), std::string(static_cast<std::size_t>(info.st_size), '\0'));
  if (::fsync(file.get()) != 0) throw system_error("fsync the file with secrets");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw system_error("remove the secrets");
}

std::vector<api::WorkspaceSecret> names_of(const std::vector<StoredSecret>& secrets) {
  return {secrets.begin(), secrets.end()};
}

std::vector<std::string> values_of(const std::vector<StoredSecret>& secrets) {
  std::vector<std::string> values;
  values.reserve(secrets.size());
  for (const auto& secret : secrets) values.push_back(secret.value.data);
  return values;
}

}  // namespace pyro

PYRO_TABLE(pyro::SecretFile)
