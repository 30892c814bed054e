#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::files {

/// The names that the shared index of a split index may have, beside it: in its extension `link` a
/// length of 4 bytes and the id of `id_bytes` follow the word, which may also be in its paths. At
/// most 64.
std::vector<std::string> shared_index_names(std::string_view index, std::size_t id_bytes);

}  // namespace pyro::files
