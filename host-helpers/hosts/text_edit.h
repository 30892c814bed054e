#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::hosts {

/// Replaces the bytes from `begin` to `end`.
struct TextEdit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

/// Applies edits that do not overlap.
std::string apply_edits(std::string_view text, std::vector<TextEdit> edits);

/// `\r\n` if the first line ends so.
std::string_view line_end_of(std::string_view text);

/// `made`, whose lines end with `\n`, with the line ends of `text`.
std::string with_line_ends_of(std::string_view text, std::string_view made);

/// Where the line that holds the byte begins, and where the next one does.
std::size_t line_begin(std::string_view text, std::size_t at);
std::size_t line_after(std::string_view text, std::size_t at);

/// From 1.
std::size_t line_number(std::string_view text, std::size_t at);

/// The length of a byte order mark.
std::size_t mark_length(std::string_view text);

}  // namespace pyro::hosts
