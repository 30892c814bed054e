#include "services/files/patch/place_hunks.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "services/files/patch/file_lines.h"
#include "services/files/patch/patch_refusal.h"

namespace pyro::files {
namespace {

constexpr std::string_view kOpenEnd = "\\ No newline at end of file\n";

std::string_view without_cr(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// White space is what may differ.
std::string shown(std::string_view text) {
  constexpr std::size_t kMostBytes = 80;
  if (text.size() <= kMostBytes) return fmt::format("'{}'", printable(text));
  text = text.substr(0, kMostBytes);
  return fmt::format("'{}…'", printable(text.substr(0, whole_characters(text))));
}

std::vector<HunkLine> old_lines_of(const Hunk& hunk) {
  std::vector<HunkLine> lines;
  for (const auto& line : hunk.lines) {
    if (line.is_old()) lines.push_back(line);
  }
  return lines;
}

bool lacks_context(const Hunk& hunk) {
  return std::none_of(hunk.lines.begin(), hunk.lines.end(),
                      [](const HunkLine& line) { return line.sign == ' '; });
}

/// Its only hunk is for an empty or absent file.
bool begins_at_nothing(const FilePatch& patch) {
  return patch.hunks.size() == 1 && patch.hunks[0].start && patch.hunks[0].start->before == 0 &&
         patch.hunks[0].old_lines() == 0;
}

/// Compares lines of one file with those of hunks. What it does is bounded: all lines of a large
/// file may be alike.
class Matcher {
 public:
  Matcher(const FilePatch& patch, std::string_view content) : patch_(patch), lines_(content) {}

  const FileLines& lines() const { return lines_; }

  /// How many of the lines are in the file from `at` on, up to the first that is not.
  std::size_t matching(const std::vector<HunkLine>& old, std::size_t at) {
    std::size_t count = 0;
    while (count < old.size() && at + count < lines_.count() && is_alike(old[count], at + count)) {
      ++count;
    }
    return count;
  }
  bool fits(const std::vector<HunkLine>& old, std::size_t at) {
    return at + old.size() <= lines_.count() && matching(old, at) == old.size();
  }

  /// Whether git finds the place of the hunk.
  bool fits_as_it_is(const Hunk& hunk, bool by_numbers) {
    if (!hunk.start || hunk.at_end) return false;
    const auto old = old_lines_of(hunk);
    if (old.empty()) return hunk.start->before <= lines_.count();
    if (old.size() > lines_.count()) return false;
    // git's rules: line 1 is at the beginning, and a hunk without context behind it at the end.
    const std::size_t last = lines_.count() - old.size();
    const bool at_begin = !by_numbers && hunk.start->before <= 1;
    const bool at_end = !by_numbers && hunk.lines.back().sign != ' ';
    // Most are where they say, or as far from there as the one before.
    const std::int64_t said = static_cast<std::int64_t>(hunk.start->before) - 1;
    const std::int64_t near = said + offset_;
    if (!at_begin && !at_end && near >= 0 && near <= static_cast<std::int64_t>(last) &&
        is_there(old, static_cast<std::size_t>(near))) {
      return true;
    }
    for (std::size_t at = at_end ? last : 0; at <= (at_begin ? 0 : last); ++at) {
      if (!is_there(old, at)) continue;
      offset_ = static_cast<std::int64_t>(at) - said;
      return true;
    }
    return false;
  }

  bool is_alike(const HunkLine& line, std::size_t at) {
    spend();
    return without_cr(line.text) == without_cr(lines_.text(at));
  }

 private:
  /// Byte for byte.
  bool is_there(const std::vector<HunkLine>& old, std::size_t at) {
    for (std::size_t i = 0; i < old.size(); ++i) {
      spend();
      std::string_view line = lines_.whole(at + i);
      const bool open_end = lines_.lacks_end(at + i);
      if (!open_end) line.remove_suffix(1);
      if (line != old[i].text || open_end != old[i].open_end) return false;
    }
    return true;
  }

  void spend() {
    if (budget_-- == 0) {
      throw resource_exhausted(reason::kTooLarge,
                               "the hunks for {} fit in too many places to look at all of them",
                               printable(patch_.path));
    }
  }

  const FilePatch& patch_;
  FileLines lines_;
  std::int64_t offset_ = 0;  ///< of the last hunk that was found, from where it said
  std::size_t budget_ = 200'000'000;
};

/// Finds a place for each hunk, one below the other.
class Placing {
 public:
  Placing(const FilePatch& patch, Matcher& matcher) : patch_(patch), matcher_(matcher) {}

  /// nullopt: a hunk fits nowhere. Throws if one fits in several places.
  std::optional<std::vector<std::size_t>> run() {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < patch_.hunks.size(); ++i) {
      const auto old = old_lines_of(patch_.hunks[i]);
      const auto place = place_of(i, old);
      if (!place) return std::nullopt;
      // Hunks with numbers keep their distance from the one before.
      if (patch_.hunks[i].start) {
        offset_ = static_cast<std::int64_t>(*place) - line_of(*patch_.hunks[i].start, old);
      }
      places.push_back(*place);
      next_ = *place + old.size();
    }
    return places;
  }

 private:
  /// Of the file, from 0.
  static std::int64_t line_of(const Hunk::Start& start, const std::vector<HunkLine>& old) {
    return static_cast<std::int64_t>(start.before) - (old.empty() ? 0 : 1);
  }

  std::optional<std::size_t> place_of(std::size_t index, const std::vector<HunkLine>& old) {
    const Hunk& hunk = patch_.hunks[index];
    const std::size_t count = matcher_.lines().count();
    const auto first = below_anchors(hunk);
    if (!first) return std::nullopt;
    if (old.empty()) return place_of_insertion(index, *first);
    if (hunk.at_end) {
      if (old.size() > count || !matcher_.fits(old, count - old.size())) return std::nullopt;
      return count - old.size();
    }
    if (hunk.start) {
      const std::int64_t said = line_of(*hunk.start, old) + offset_;
      if (said >= static_cast<std::int64_t>(*first) &&
          matcher_.fits(old, static_cast<std::size_t>(said))) {
        return static_cast<std::size_t>(said);
      }
    }
    std::vector<std::size_t> places;
    for (std::size_t at = *first; at + old.size() <= count; ++at) {
      if (!matcher_.fits(old, at)) continue;
      places.push_back(at);
      if (places.size() > 1 || !hunk.anchors.empty()) break;
    }
    if (places.empty()) return std::nullopt;
    if (places.size() > 1) throw ambiguous(index, places);
    return places.front();
  }

  std::optional<std::size_t> place_of_insertion(std::size_t index, std::size_t first) const {
    const Hunk& hunk = patch_.hunks[index];
    const std::size_t count = matcher_.lines().count();
    if (hunk.at_end || count == 0) return count;
    if (!hunk.anchors.empty()) return first;
    if (!hunk.start) {
      throw patch_mismatch(
          patch_.path, fmt::format("hunk {} only adds lines, and does not say where", index + 1));
    }
    const std::int64_t said = static_cast<std::int64_t>(hunk.start->before) + offset_;
    if (said < static_cast<std::int64_t>(first) || said > static_cast<std::int64_t>(count)) {
      return std::nullopt;
    }
    return static_cast<std::size_t>(said);
  }

  /// The first line that the hunk may be at; nullopt: an anchor is not there.
  std::optional<std::size_t> below_anchors(const Hunk& hunk) const {
    std::size_t at = next_;
    for (const std::string_view anchor : hunk.anchors) {
      while (at < matcher_.lines().count() && trim(matcher_.lines().text(at)) != anchor) ++at;
      if (at == matcher_.lines().count()) return std::nullopt;
      ++at;
    }
    return at;
  }

  Error ambiguous(std::size_t index, const std::vector<std::size_t>& places) const {
    return patch_mismatch(patch_.path,
                          fmt::format("hunk {} fits at line {} and at line {}: give it more lines "
                                      "of context, or its numbers",
                                      index + 1, places[0] + 1, places[1] + 1));
  }

  const FilePatch& patch_;
  Matcher& matcher_;
  std::size_t next_ = 0;
  std::int64_t offset_ = 0;
};

/// The lines of one placed hunk, all of them as removed and added.
class PlacedHunk {
 public:
  PlacedHunk(const Hunk& hunk, const FileLines& file, std::size_t place)
      : hunk_(hunk), file_(file), place_(place) {}

  /// `moved` is how many lines more there are above it afterwards.
  std::string text(std::int64_t moved) const {
    const std::size_t old_count = hunk_.old_lines();
    const std::size_t new_count = hunk_.new_lines();
    const auto start = [](std::int64_t line, std::size_t count) {
      return line + (count == 0 ? 0 : 1);
    };
    std::string text = fmt::format(
        "@@ -{},{} +{},{} @@\n", start(static_cast<std::int64_t>(place_), old_count), old_count,
        start(static_cast<std::int64_t>(place_) + moved, new_count), new_count);
    std::string added;
    std::size_t at = place_;
    const HunkLine* last_new = nullptr;
    for (const auto& line : hunk_.lines) {
      if (line.is_new()) last_new = &line;
    }
    const bool at_end = place_ + old_count == file_.count();
    for (const auto& line : hunk_.lines) {
      if (line.is_old()) append_line(text, '-', file_.whole(at));
      if (line.is_new()) {
        const bool is_last = &line == last_new && at_end;
        std::string content(line.sign == ' ' ? file_.whole(at) : without_cr(line.text));
        const bool open = is_last && (line.sign == ' ' || ends_open());
        if (!content.ends_with('\n') && !open) content += has_crlf(line, at) ? "\r\n" : "\n";
        append_line(added, '+', content);
      }
      if (line.is_old()) ++at;
    }
    return text + added;
  }

 private:
  static void append_line(std::string& text, char sign, std::string_view line) {
    text += sign;
    text += line;
    if (line.ends_with('\n')) return;
    text += '\n';
    text += kOpenEnd;
  }

  /// As the line beside it in the file; of an empty file as in the patch.
  bool has_crlf(const HunkLine& line, std::size_t at) const {
    if (file_.count() == 0) return line.text.ends_with('\r');
    if (line.sign != ' ' && at > 0 && (at > place_ || at == file_.count())) --at;
    if (!file_.lacks_end(at)) return file_.has_crlf(at);
    return at > 0 && file_.has_crlf(at - 1);
  }

  /// Whether the file then lacks its last line end: as before, unless the patch says that this
  /// changes.
  bool ends_open() const {
    bool before = false;
    bool after = false;
    for (const auto& line : hunk_.lines) {
      if (line.is_old()) before = line.open_end;
      if (line.is_new()) after = line.open_end;
    }
    if (before != after) return after;
    return file_.count() > 0 && file_.lacks_end(file_.count() - 1);
  }

  const Hunk& hunk_;
  const FileLines& file_;
  std::size_t place_;
};

/// As it is, with the counts of its body.
std::string counted_hunk(const Hunk& hunk, const Hunk::Start& start) {
  std::string text = fmt::format("@@ -{},{} +{},{} @@\n", start.before, hunk.old_lines(),
                                 start.after, hunk.new_lines());
  for (const auto& line : hunk.lines) {
    text += line.sign;
    text += line.text;
    text += '\n';
    if (line.open_end) text += kOpenEnd;
  }
  return text;
}

PlacedHunks as_they_are(const FilePatch& patch, bool by_numbers) {
  PlacedHunks placed{.by_numbers = by_numbers};
  for (const auto& hunk : patch.hunks) placed.text += counted_hunk(hunk, *hunk.start);
  return placed;
}

PlacedHunks new_file(const FilePatch& patch) {
  const Hunk& hunk = patch.hunks.front();
  if (patch.hunks.size() > 1 || hunk.old_lines() > 0) {
    throw unsupported_patch("--- /dev/null", "a new file has one hunk, of added lines");
  }
  return {.text = counted_hunk(hunk, {0, 1})};
}

/// The best place for a hunk that fits nowhere.
struct BestPlace {
  std::size_t at = 0;
  std::size_t matching = 0;
};

BestPlace best_place(Matcher& matcher, const Hunk& hunk, const std::vector<HunkLine>& old) {
  BestPlace best;
  const std::size_t count = matcher.lines().count();
  const std::size_t said = hunk.start && hunk.start->before > 0
                               ? std::min<std::size_t>(hunk.start->before - 1, count)
                               : 0;
  best = {said, matcher.matching(old, said)};
  for (std::size_t at = 0; at < count; ++at) {
    const std::size_t matching = matcher.matching(old, at);
    if (matching > best.matching) best = {at, matching};
  }
  return best;
}

}  // namespace

PlacedHunks place_hunks(const FilePatch& patch, std::string_view content) {
  if (patch.change == FileChange::kAdd) return new_file(patch);
  const bool by_numbers = patch.change != FileChange::kDelete && !begins_at_nothing(patch) &&
                          std::any_of(patch.hunks.begin(), patch.hunks.end(), lacks_context);
  Matcher matcher(patch, content);
  const bool has_numbers = std::all_of(patch.hunks.begin(), patch.hunks.end(),
                                       [](const Hunk& hunk) { return hunk.start.has_value(); });
  const bool fits = std::all_of(patch.hunks.begin(), patch.hunks.end(), [&](const Hunk& hunk) {
    return matcher.fits_as_it_is(hunk, by_numbers);
  });
  if (fits || begins_at_nothing(patch)) return as_they_are(patch, by_numbers);
  const auto places = Placing(patch, matcher).run();
  if (!places) {
    // git has the last word.
    if (has_numbers) return as_they_are(patch, by_numbers);
    throw patch_mismatch(patch.path, difference(patch, content));
  }
  PlacedHunks placed{.by_numbers = true};
  std::int64_t moved = 0;
  for (std::size_t i = 0; i < places->size(); ++i) {
    const Hunk& hunk = patch.hunks[i];
    placed.text += PlacedHunk(hunk, matcher.lines(), (*places)[i]).text(moved);
    moved +=
        static_cast<std::int64_t>(hunk.new_lines()) - static_cast<std::int64_t>(hunk.old_lines());
  }
  return placed;
}

std::string difference(const FilePatch& patch, std::string_view content) {
  if (content.find('\0') != content.npos)
    return "it is a binary file, and the patch is one of text";
  if (begins_at_nothing(patch)) return "it exists already, and the patch adds it";
  Matcher matcher(patch, content);
  for (std::size_t i = 0; i < patch.hunks.size(); ++i) {
    const auto old = old_lines_of(patch.hunks[i]);
    if (old.empty()) continue;
    const BestPlace best = best_place(matcher, patch.hunks[i], old);
    if (best.matching == old.size()) continue;
    const std::string wanted = shown(without_cr(old[best.matching].text));
    const std::size_t at = best.at + best.matching;
    if (at >= matcher.lines().count()) {
      return fmt::format("hunk {}: the file ends after line {}, where the patch has {}", i + 1,
                         matcher.lines().count(), wanted);
    }
    const std::string_view there = matcher.lines().text(at);
    const std::string_view remark = trim(there) == trim(old[best.matching].text)
                                        ? " (other white space)"
                                    : to_valid_utf8(there) != there ? " (not UTF-8)"
                                                                    : "";
    return fmt::format("hunk {}: line {} is {}, where the patch has {}{}", i + 1, at + 1,
                       shown(there), wanted, remark);
  }
  return "its hunks do not fit together";
}

}  // namespace pyro::files
