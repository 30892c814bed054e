#pragma once

#include <optional>
#include <string>
#include <string_view>

/// How git writes names of files in patches and streams.
namespace pyro::files {

/// As with core.quotePath: quoted, as ASCII, if a byte is not plain; else unchanged.
std::string quote_name(std::string_view name);

/// Always quoted.
std::string quote_name_always(std::string_view name);

/// A quoted name at the start of a text.
struct Unquoted {
  std::string name;
  std::size_t length;  ///< in the text, quotes included
};

/// nullopt: not well-formed.
std::optional<Unquoted> unquote_name(std::string_view text);

}  // namespace pyro::files
