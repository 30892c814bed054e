#pragma once

#include <optional>
#include <string>
#include <string_view>

/// How git writes names of files in patches and streams.
namespace pyro::files {

/// As with core.quotePath: within quotes, as ASCII, when a byte of it is not plain; else as it is.
std::string quote_name(std::string_view name);

/// Within quotes in any case.
std::string quote_name_always(std::string_view name);

/// A quoted name at the start of `text`, which begins with the quote.
struct Unquoted {
  std::string name;
  std::size_t length;  ///< what it took of the text, quotes included
};

/// Nothing for what is not well-formed.
std::optional<Unquoted> unquote_name(std::string_view text);

}  // namespace pyro::files
