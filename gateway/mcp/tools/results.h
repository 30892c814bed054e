#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/base/error.h"
#include "gateway/mcp/protocol/json.h"

namespace pyro::mcp {

struct ToolResult;

/// What a command printed and what patches say is cut to this many characters.
inline constexpr std::size_t kMostCharacters = 8000;

/// A reply as a client gets it: the object, and the same as indented text.
ToolResult answer(Json reply);

/// Of a patch that the caller asked for by itself. A client takes 10 MB a message, which holds each
/// character twice: 13 bytes of one that has to be escaped.
inline constexpr std::size_t kMostPatchCharacters = 500'000;

/// Cuts the middle of every `stdout`, `stderr`, `patch` and `text_patch` in `reply`, wherever they
/// are, and marks the object that holds it with `…_truncated`. True when anything was cut. The
/// reply's own `patch` may have `most_patch` characters.
bool shorten(Json& reply, std::size_t most_patch = kMostCharacters);

/// Which end of a list is worth more.
enum class Keep { kFirst, kLast };

/// Keeps so many of `entries` as are no longer together than `most_bytes` of JSON, at least one,
/// and marks the reply with `entries_truncated` otherwise. How many are left out.
std::size_t shorten_entries(Json& reply, std::size_t most_bytes, Keep keep);

/// The schema of a reply with what shortening may add to it, or of a failure in its place.
Json with_shortening(Json output_schema);

/// A number of the reply that is a count.
std::uint64_t count_in(const Json& reply, const char* field);

/// Tells the model what to do next.
void add_hint(Json& reply, const std::string& hint);

/// A failure that a model can act on: the message, its code, and what to do next, if there is
/// anything to say about that.
ToolResult failure(const Error& error, const std::string& next);

}  // namespace pyro::mcp
