#pragma once

#include <string_view>

namespace pyro::files {

/// Iterates over the lines of a text, without copies.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : left_(text) {}

  bool at_end() const { return left_.empty(); }
  /// The next line without its end (`\n` or `\r\n`).
  std::string_view peek() const;
  /// The line after that; "" at the end.
  std::string_view peek_second() const;
  /// The remaining text, to measure the taken part.
  std::string_view rest() const { return left_; }
  void skip() { left_.remove_prefix(length()); }

 private:
  std::size_t length() const;
  std::string_view left_;
};

/// The hunks of one file.
struct Hunks {
  std::string_view bytes;          ///< of all hunks, with their `@@` lines
  bool begins_at_nothing = false;  ///< the only hunk is for an empty or absent file
  bool lacks_context = false;      ///< a hunk has no line of context
};

/// Takes all hunks at this point. kInvalidArgument: `unsupported patch feature: LINE`.
Hunks take_hunks(LineReader& lines);

}  // namespace pyro::files
