#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pyro {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);

/// Quotes one argument so that a POSIX shell reads it back unchanged.
std::string shell_quote(std::string_view argument);

/// A command line that a POSIX shell splits into exactly these arguments.
std::string shell_join(const std::vector<std::string>& arguments);

/// A size for display: `1.5 GiB`.
std::string human_size(std::uint64_t bytes);

/// Valid UTF-8: replaces each invalid byte by U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

/// The number of bytes that belong to no UTF-8 character.
std::size_t invalid_bytes(std::string_view text);

/// Whether this byte begins a UTF-8 character.
constexpr bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80;
}

/// Cuts the middle out of a longer text: valid UTF-8 of at most `bytes`, plus a `…` at the cut.
std::string without_middle(const std::string& text, std::size_t bytes);

/// The number of characters, counting each as one column.
std::size_t width_of(std::string_view text);

/// The length of `text` without an incomplete last character.
std::size_t whole_characters(std::string_view text);

/// Makes text of a guest or a file printable: drops control characters (except newline and tab) and
/// characters that reorder text; the rest is valid UTF-8. For messages and terminals.
std::string printable(std::string_view hostile);

/// Puts text of a guest or a caller on one line of at most `columns`, with `…` at a cut.
std::string one_line(std::string_view hostile, std::size_t columns);

}  // namespace pyro
