#include "guest/agent/readiness/file_probe.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <asio/post.hpp>
#include <cerrno>
#include <cstring>

namespace pyro::agent {

void FileProbe::look(Found found) {
  struct stat info {};
  std::string why;
  if (::stat(path_.c_str(), &info) != 0) why = fmt::format("'{}': {}", path_, std::strerror(errno));
  asio::post(io_, [found = std::move(found), why] { found(why); });
}

}  // namespace pyro::agent
