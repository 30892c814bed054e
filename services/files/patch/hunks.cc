#include "services/files/patch/hunks.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "services/files/patch/patch_refusal.h"

namespace pyro::files {
namespace {

/// How many lines a hunk still has on each side.
struct HunkSizes {
  std::uint32_t old_start = 0;
  std::uint32_t old_lines = 1;
  std::uint32_t new_lines = 1;
};

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool take_number(std::string_view& text, std::uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > 1U << 30U) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// `@@ -1,2 +3,4 @@ anything`
std::optional<HunkSizes> read_hunk_line(std::string_view line) {
  HunkSizes sizes;
  std::uint32_t new_start = 0;
  if (!take(line, "@@ -") || !take_number(line, sizes.old_start)) return std::nullopt;
  if (take(line, ",") && !take_number(line, sizes.old_lines)) return std::nullopt;
  if (!take(line, " +") || !take_number(line, new_start)) return std::nullopt;
  if (take(line, ",") && !take_number(line, sizes.new_lines)) return std::nullopt;
  if (!take(line, " @@")) return std::nullopt;
  return sizes;
}

/// Counts a line of a hunk by its sign; false when it cannot be one.
bool count_line(char sign, HunkSizes& left, bool& has_context) {
  const bool is_old = sign == ' ' || sign == '-';
  const bool is_new = sign == ' ' || sign == '+';
  if (sign == '\\') return true;
  if (!is_old && !is_new) return false;
  if ((is_old && left.old_lines == 0) || (is_new && left.new_lines == 0)) return false;
  left.old_lines -= is_old ? 1 : 0;
  left.new_lines -= is_new ? 1 : 0;
  has_context = has_context || sign == ' ';
  return true;
}

/// Takes one hunk; whether it has a line of context.
bool take_hunk_lines(LineReader& lines, std::string_view hunk_line, HunkSizes left) {
  bool has_context = false;
  while (left.old_lines > 0 || left.new_lines > 0) {
    if (lines.at_end()) throw unsupported_patch(hunk_line, "it has fewer lines than it says");
    // An empty line is one of context whose space got lost, as editors do.
    const char first = lines.rest().front();
    if (!count_line(first == '\n' ? ' ' : first, left, has_context)) {
      throw unsupported_patch(lines.peek(), "a hunk has other lines than it says");
    }
    lines.skip();
  }
  if (lines.peek().starts_with('\\')) lines.skip();
  return has_context;
}

}  // namespace

std::size_t LineReader::length() const {
  const std::size_t end = left_.find('\n');
  return end == std::string_view::npos ? left_.size() : end + 1;
}

std::string_view LineReader::peek() const {
  std::string_view line = left_.substr(0, length());
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view LineReader::peek_second() const {
  LineReader next(left_);
  next.skip();
  return next.peek();
}

Hunks take_hunks(LineReader& lines) {
  const std::string_view start = lines.rest();
  Hunks hunks;
  int count = 0;
  while (lines.peek().starts_with("@@ ")) {
    const std::string_view hunk_line = lines.peek();
    const auto sizes = read_hunk_line(hunk_line);
    if (!sizes) throw unsupported_patch(hunk_line);
    lines.skip();
    const bool from_nothing = sizes->old_start == 0 && sizes->old_lines == 0;
    hunks.begins_at_nothing = from_nothing && count++ == 0;
    const bool has_context = take_hunk_lines(lines, hunk_line, *sizes);
    hunks.lacks_context = hunks.lacks_context || !has_context;
  }
  hunks.bytes = start.substr(0, start.size() - lines.rest().size());
  return hunks;
}

}  // namespace pyro::files
