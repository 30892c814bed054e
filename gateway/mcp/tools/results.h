#pragma once

#include <optional>
#include <string>

#include "common/base/error.h"
#include "gateway/mcp/protocol/tool.h"

namespace pyro::mcp {

/// What a command printed and what patches say is cut to this many characters.
inline constexpr std::size_t kMostCharacters = 8000;

/// A reply as a client gets it: the object, and the same as indented text.
ToolResult shown(Json reply);

/// Cuts the middle of every `stdout`, `stderr`, `patch` and `text_patch` in `reply`, wherever they
/// are, and marks the object that holds it with `…_truncated`. True when anything was cut.
bool shorten(Json& reply);

/// Keeps the first entries of a diff, as far as they are no longer together than a result should
/// be, and marks it with `entries_truncated`. How many are left out.
std::size_t shorten_entries(Json& diff);

/// The schema of a reply with what shortening may add to it.
Json with_shortening(Json output_schema);

/// Tells the model how to go on.
void add_hint(Json& reply, const std::string& hint);

/// A failure in words that a model can go on from: the message, its code, what to do next.
ToolResult failure(const Error& error);

}  // namespace pyro::mcp
