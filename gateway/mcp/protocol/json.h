#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

/// JSON as it comes from a client and goes to it. A file that looks into one includes
/// <nlohmann/json.hpp> itself.
namespace pyro::mcp {

using Json = nlohmann::ordered_json;

/// Arrays and objects in one another, at most.
inline constexpr std::size_t kMaxDepth = 128;
/// Values in one message, at most: each takes memory whatever little text it was.
inline constexpr std::size_t kMaxValues = 1'000'000;

/// Strict JSON in valid UTF-8. Of a key that comes more than once the last counts, as in
/// JavaScript; half of a surrogate pair, as a model's cut-off text has it, becomes U+FFFD. Throws
/// the RpcError that answers a text that is none, or one beyond the limits.
Json parse_json(std::string text);

/// About what it takes in memory.
std::size_t bytes_of(const Json& json);

/// On one line; bytes that are not UTF-8 become U+FFFD.
std::string to_line(const Json& json);

}  // namespace pyro::mcp
