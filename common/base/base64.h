#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pyro {

/// Base64 of RFC 4648, padded and on one line.
std::string to_base64(std::string_view bytes);

/// The bytes again; nullopt of a text that to_base64 does not write.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace pyro
