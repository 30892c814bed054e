#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "gateway/mcp/protocol/json.h"

namespace pyro::mcp {

struct ToolResult;

/// An answer holds about this many characters: more of it costs a model too much of its memory.
inline constexpr std::size_t kMostShown = 24'000;

/// What a command printed is cut to this many characters, counted as JSON shows them.
inline constexpr std::size_t kMostCharacters = 8000;

/// A reply as a client gets it: the object, and the same as indented text.
ToolResult answer(Json reply);

/// How many characters a text takes in JSON.
std::size_t shown_size(std::string_view text);

/// Cuts the middle of every `stdout`, `stderr` and `patch` in `reply` to `most` characters, and
/// that of every `command` to fewer, wherever they are, and marks the object that holds it with
/// `…_truncated`. True when anything was cut.
bool shorten(Json& reply, std::size_t most = kMostCharacters);

/// Which end of a list is worth more.
enum class Keep { kFirst, kLast };

/// Keeps so many of the reply's `list` as fit into kMostShown with all else, at least one. How
/// many are left out.
std::size_t shorten_list(Json& reply, const std::string& list, Keep keep);

/// Cuts the end of the longest lists in a reply that is longer than kMostShown, wherever they are,
/// and marks the object that holds one with `…_truncated`.
void shorten_lists(Json& reply);

/// Takes the fields of these names out of a reply, or out of the schema of one, wherever they are.
void leave_out(Json& json, const std::vector<std::string_view>& fields);

/// A number of the reply that is a count.
std::uint64_t count_in(const Json& reply, const char* field);

/// Tells the model what to do next.
void add_hint(Json& reply, const std::string& hint);

/// A failure that a model can act on: the message, its code, and what to do next, if there is
/// anything to say about that.
ToolResult failure(const Error& error, const std::string& next);

}  // namespace pyro::mcp
