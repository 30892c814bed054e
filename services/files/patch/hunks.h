#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pyro::files {

/// Iterates over the lines of a text, without copies.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : left_(text) {}

  bool at_end() const { return left_.empty(); }
  /// The next line without its end (`\n` or `\r\n`).
  std::string_view peek() const;
  /// The line that follows after `lines` others; "" at the end.
  std::string_view peek_after(std::size_t lines) const;
  /// The remaining text, to measure the taken part.
  std::string_view rest() const { return left_; }
  void skip() { left_.remove_prefix(length()); }

 private:
  std::size_t length() const;
  std::string_view left_;
};

/// A line of a hunk. The view is into the patch.
struct HunkLine {
  char sign = ' ';
  std::string_view text{};  ///< with a `\r`, without `\n`
  bool open_end = false;    ///< `\ No newline at end of file` follows
  bool is_old() const { return sign != '+'; }
  bool is_new() const { return sign != '-'; }
};

struct Hunk {
  /// The numbers of its `@@` line; nullopt: it has none.
  struct Start {
    std::uint32_t before;
    std::uint32_t after;
  };
  std::optional<Start> start{};
  /// Lines that stand above it in the file, from `@@ LINE`; the outermost first.
  std::vector<std::string_view> anchors{};
  bool at_end = false;  ///< it ends at the file's end
  std::vector<HunkLine> lines{};

  std::size_t old_lines() const;
  std::size_t new_lines() const;
};

/// Whether labels of a file follow: `--- ` and `+++ `.
bool is_labels(const LineReader& lines);

/// Takes all hunks at this point. A count that the body contradicts gives way to the body.
/// `begins_bare`: the first hunk may lack its `@@` line.
/// kInvalidArgument: `unsupported patch feature: LINE`.
std::vector<Hunk> take_hunks(LineReader& lines, bool begins_bare = false);

/// One hunk of added lines, each with its `+`.
Hunk take_added_lines(LineReader& lines);

}  // namespace pyro::files
