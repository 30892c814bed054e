#pragma once

#include <cstddef>
#include <string>

namespace pyro {

/// `bytes` random bytes from the kernel.
std::string random_bytes(std::size_t bytes);

/// The same as lower-case hex, two digits a byte.
std::string random_hex(std::size_t bytes);

/// A machine or workspace id: 12 lower-case hex digits.
inline std::string new_id() { return random_hex(6); }

}  // namespace pyro
