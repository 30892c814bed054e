#include "services/files/patch/hunks.h"

#include <algorithm>
#include <charconv>

#include "common/base/text.h"
#include "services/files/patch/patch_refusal.h"

namespace pyro::files {
namespace {

constexpr std::string_view kEndOfFile = "*** End of File";

/// The numbers of a hunk's line.
struct HunkNumbers {
  Hunk::Start start{};
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
std::optional<HunkNumbers> read_numbers(std::string_view line) {
  HunkNumbers numbers;
  if (!take(line, "@@ -") || !take_number(line, numbers.start.before)) return std::nullopt;
  if (take(line, ",") && !take_number(line, numbers.old_lines)) return std::nullopt;
  if (!take(line, " +") || !take_number(line, numbers.start.after)) return std::nullopt;
  if (take(line, ",") && !take_number(line, numbers.new_lines)) return std::nullopt;
  if (!take(line, " @@")) return std::nullopt;
  return numbers;
}

/// What `@@ LINE` or `@@ LINE @@` says of the lines above; "" for nothing.
std::string_view anchor_of(std::string_view line) {
  line = trim(line.substr(2));
  if (line.ends_with("@@")) line = trim(line.substr(0, line.size() - 2));
  // Numbers that are none, and what stands for some.
  if (line.starts_with('-') || line.starts_with("...")) return {};
  return line;
}

/// The line as it is, with its `\r`.
std::string_view raw_line(const LineReader& lines) {
  const std::string_view rest = lines.rest();
  return rest.substr(0, rest.find('\n'));
}

/// The next line as one of a hunk; nullopt: it cannot be one.
std::optional<HunkLine> read_line(const LineReader& lines) {
  const std::string_view line = raw_line(lines);
  // A line of context whose space got lost, as editors do.
  if (line.empty() || line == "\r") return HunkLine{' ', line};
  if (line[0] != ' ' && line[0] != '+' && line[0] != '-') return std::nullopt;
  return HunkLine{line[0], line.substr(1)};
}

void take_open_end(LineReader& lines, Hunk& hunk) {
  if (lines.at_end() || !lines.rest().starts_with('\\') || hunk.lines.empty()) return;
  hunk.lines.back().open_end = true;
  lines.skip();
}

void take_line(LineReader& lines, Hunk& hunk, const HunkLine& line) {
  hunk.lines.push_back(line);
  lines.skip();
  take_open_end(lines, hunk);
}

/// Whether a mail's signature or nothing follows.
bool is_signature(const LineReader& lines) {
  if (lines.peek() != "-- ") return false;
  const std::string_view next = lines.peek_after(1);
  return next.empty() || (next[0] >= '0' && next[0] <= '9');
}

/// Whether a hunk that has all of its lines may end here.
bool may_end(const LineReader& lines) {
  if (lines.at_end() || is_labels(lines) || is_signature(lines)) return true;
  const std::string_view line = lines.peek();
  return line.empty() || (line[0] != ' ' && line[0] != '+' && line[0] != '-' && line[0] != '\\');
}

/// Whether its last lines are the labels of the next file, which a count too big took in.
bool ends_in_labels(const Hunk& hunk, const LineReader& lines) {
  const auto& all = hunk.lines;
  if (all.size() < 2 || !lines.peek().starts_with("@@")) return false;
  const auto has_context = [](const HunkLine& line) { return line.sign == ' '; };
  return all[all.size() - 2].sign == '-' && all[all.size() - 2].text.starts_with("-- ") &&
         all.back().sign == '+' && all.back().text.starts_with("++ ") &&
         std::any_of(all.begin(), all.end(), has_context);
}

/// Takes as many lines as the numbers say; false when others are there.
bool take_counted(LineReader& lines, HunkNumbers left, Hunk& hunk) {
  while (left.old_lines > 0 || left.new_lines > 0) {
    if (lines.at_end()) return false;
    const auto line = read_line(lines);
    if (!line || (line->is_old() && left.old_lines == 0) ||
        (line->is_new() && left.new_lines == 0)) {
      return false;
    }
    left.old_lines -= line->is_old() ? 1U : 0U;
    left.new_lines -= line->is_new() ? 1U : 0U;
    take_line(lines, hunk, *line);
  }
  return may_end(lines) && !ends_in_labels(hunk, lines);
}

/// Takes all lines that can be of a hunk.
void take_uncounted(LineReader& lines, Hunk& hunk) {
  std::size_t with_sign = 0;
  while (!lines.at_end()) {
    const bool is_next_file = is_labels(lines) && lines.peek_after(2).starts_with("@@");
    const auto line = read_line(lines);
    if (!line || is_next_file || is_signature(lines)) break;
    // One without its space may be no line of the hunk.
    const bool has_sign = raw_line(lines) != line->text;
    take_line(lines, hunk, *line);
    if (has_sign) with_sign = hunk.lines.size();
  }
  // Empty lines at its end are between it and what follows.
  hunk.lines.resize(with_sign);
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

std::string_view LineReader::peek_after(std::size_t lines) const {
  LineReader next(left_);
  for (; lines > 0 && !next.at_end(); --lines) next.skip();
  return next.peek();
}

std::size_t Hunk::old_lines() const {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [](const HunkLine& line) { return line.is_old(); }));
}

std::size_t Hunk::new_lines() const {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [](const HunkLine& line) { return line.is_new(); }));
}

bool is_labels(const LineReader& lines) {
  return lines.peek().starts_with("--- ") && lines.peek_after(1).starts_with("+++ ");
}

std::vector<Hunk> take_hunks(LineReader& lines, bool begins_bare) {
  std::vector<Hunk> hunks;
  std::vector<std::string_view> anchors;
  while (!lines.at_end()) {
    Hunk hunk{.anchors = anchors};
    const std::string_view line = lines.peek();
    if (line.starts_with("@@")) {
      lines.skip();
      const auto numbers = read_numbers(line);
      const LineReader body = lines;
      if (numbers) hunk.start = numbers->start;
      if (!numbers || !take_counted(lines, *numbers, hunk)) {
        lines = body;
        hunk.lines.clear();
        take_uncounted(lines, hunk);
      }
      if (!numbers) {
        if (const auto anchor = anchor_of(line); !anchor.empty()) hunk.anchors.push_back(anchor);
      }
      if (hunk.lines.empty()) {
        // In an envelope `@@ class` may stand above `@@ function`.
        if (numbers || !lines.peek().starts_with("@@")) {
          throw unsupported_patch(line, "it has no lines");
        }
        anchors = std::move(hunk.anchors);
        continue;
      }
    } else if (begins_bare && hunks.empty()) {
      take_uncounted(lines, hunk);
      if (hunk.lines.empty()) break;
    } else {
      break;
    }
    anchors.clear();
    if (lines.peek() == kEndOfFile) {
      hunk.at_end = true;
      lines.skip();
    }
    hunks.push_back(std::move(hunk));
  }
  return hunks;
}

Hunk take_added_lines(LineReader& lines) {
  Hunk hunk{.start = Hunk::Start{0, 1}};
  while (!lines.at_end() && lines.rest().starts_with('+')) {
    take_line(lines, hunk, {'+', raw_line(lines).substr(1)});
  }
  if (lines.peek() == kEndOfFile) lines.skip();
  return hunk;
}

}  // namespace pyro::files
