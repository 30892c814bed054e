#include "common/base/random.h"

#include <sys/random.h>

#include "common/base/error.h"

namespace pyro {

std::string random_bytes(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t got = 0; got < bytes;) {
    const ssize_t n = ::getrandom(out.data() + got, bytes - got, 0);
    if (n < 0 && errno != EINTR) throw system_error("getrandom");
    if (n > 0) got += static_cast<std::size_t>(n);
  }
  return out;
}

std::string random_hex(std::size_t bytes) {
  std::string out;
  for (const char byte : random_bytes(bytes)) {
    out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return out;
}

}  // namespace pyro
