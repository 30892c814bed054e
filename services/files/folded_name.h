#pragma once

#include <string>
#include <string_view>

namespace pyro::files {

/// The name as the most forgiving file systems compare it: in lower case (ASCII), without the code
/// points that HFS+ ignores, and without what NTFS drops at its end (dots, spaces, a stream's name
/// after a colon; `\` is a separator there).
std::string folded_name(std::string_view name);

}  // namespace pyro::files
