#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pyro {

/// The shortest value of a secret, and the shortest text that is redacted: a shorter one would
/// redact everything.
inline constexpr std::size_t kLeastSecretBytes = 4;
/// The longest text of secret_forms.
inline constexpr std::size_t kLongestSecretForm = 64;

/// The texts by which a value is known wherever it is printed: the value without the line breaks at
/// its end, each of its lines, base64 and base64url of it at each alignment (also wrapped at 64 and
/// 76 columns), percent-encoding, and how JSON escapes it. A form longer than kLongestSecretForm is
/// cut into parts that overlap, so that all of it is found by its parts.
std::vector<std::string> secret_forms(std::string_view value);

}  // namespace pyro
