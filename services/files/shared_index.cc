#include "services/files/shared_index.h"

#include <fmt/core.h>

namespace pyro::files {

std::vector<std::string> shared_index_names(std::string_view index, std::size_t id_bytes) {
  constexpr std::string_view kWord = "link";
  constexpr std::size_t kMost = 64;
  std::vector<std::string> names;
  // The extension is behind the paths.
  for (std::size_t at = index.rfind(kWord); at != index.npos && names.size() < kMost;
       at = at == 0 ? index.npos : index.rfind(kWord, at - 1)) {
    const std::size_t begin = at + kWord.size() + 4;
    if (begin + id_bytes > index.size()) continue;
    std::string name = "sharedindex.";
    for (const char byte : index.substr(begin, id_bytes)) {
      name += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace pyro::files
