#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pyro {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);

/// One argument as a POSIX shell reads it back unchanged.
std::string shell_quote(std::string_view argument);

/// A command line that a POSIX shell splits into just these arguments.
std::string shell_join(const std::vector<std::string>& arguments);

/// `1.5 GiB`: a size for a person.
std::string human_size(std::uint64_t bytes);

/// Valid UTF-8: every byte that is not is U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

/// How many bytes of it are none of UTF-8's characters.
std::size_t invalid_bytes(std::string_view text);

/// Whether a character begins with this byte of UTF-8.
constexpr bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80;
}

/// The text in valid UTF-8 without its middle, of at most `bytes` and the `…` in its place.
std::string without_middle(const std::string& text, std::size_t bytes);

/// How many characters it is, taking each for one column.
std::size_t width_of(std::string_view text);

/// How much of `text` is whole characters: without one at its end that has only begun.
std::size_t whole_characters(std::string_view text);

/// Printable text of what a guest or a file said: control characters are dropped except
/// newline and tab, and those that reorder text; the rest is valid UTF-8. For messages and
/// terminals.
std::string printable(std::string_view hostile);

/// Text of a guest or a caller, on one line of at most `columns`, `…` at the cut.
std::string one_line(std::string_view hostile, std::size_t columns);

}  // namespace pyro
