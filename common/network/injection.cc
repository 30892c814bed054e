#include "common/network/injection.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/api/message_table.h"
#include "common/api/msgpack_codec.h"
#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro::network {
namespace {

constexpr std::size_t kMostBytes = 16U << 20U;

}  // namespace

UniqueFd file_of(const Injection& injection) {
  UniqueFd file(::memfd_create("pyro-injection", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) throw system_error("memfd_create");
  std::string bytes = api::to_msgpack(injection);
  write_all(file.get(), bytes);
  ::explicit_bzero(bytes.data(), bytes.size());
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) throw system_error("F_ADD_SEALS");
  return file;
}

Injection injection_in(int file) {
  // At once into its place: no copy of it stays where a longer one moved from.
  const off_t size = ::lseek(file, 0, SEEK_END);
  if (size < 0) throw system_error("read the secrets of a gate");
  if (static_cast<std::size_t>(size) > kMostBytes) throw invalid_argument("too many secrets");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t got = ::pread(file, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got <= 0) throw system_error("read the secrets of a gate");
    at += static_cast<std::size_t>(got);
  }
  Injection injection = api::from_msgpack<Injection>(bytes, api::UnknownFields::kIgnore);
  ::explicit_bzero(bytes.data(), bytes.size());
  return injection;
}

}  // namespace pyro::network

PYRO_TABLE(pyro::network::Injection)
