#include "common/secrets/redactor.h"

#include <algorithm>
#include <cstring>

namespace pyro {
namespace {

struct Run {
  std::size_t begin;
  std::size_t end;
};

constexpr std::size_t kLongestBeginning = kLongestSecretForm - 1;

/// Adds a run that begins no earlier than the last one.
void add_run(std::vector<Run>& runs, std::size_t begin, std::size_t end) {
  if (!runs.empty() && begin < runs.back().end) {
    runs.back().end = std::max(runs.back().end, end);
  } else {
    runs.push_back({begin, end});
  }
}

Redactor::Found segments_of(std::size_t decided, std::size_t covered,
                            const std::vector<Run>& runs) {
  Redactor::Found found{.decided = decided};
  std::size_t at = 0;
  const auto add = [&](std::size_t to, Redactor::Kind kind) {
    const std::size_t end = std::min(to, decided);
    if (end > at) found.segments.push_back({at, end, kind});
    at = std::max(at, end);
    found.covered = std::max(to, decided) - decided;
  };
  if (covered > 0) add(covered, Redactor::Kind::kCovered);
  for (const Run& run : runs) {
    if (run.begin >= decided) break;
    if (run.begin > at) add(run.begin, Redactor::Kind::kText);
    add(run.end, Redactor::Kind::kMarked);
  }
  if (at < decided) add(decided, Redactor::Kind::kText);
  return found;
}

}  // namespace

Redactor::Redactor(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    auto forms = secret_forms(value);
    forms_.insert(forms_.end(), std::make_move_iterator(forms.begin()),
                  std::make_move_iterator(forms.end()));
  }
  std::sort(forms_.begin(), forms_.end());
  forms_.erase(std::unique(forms_.begin(), forms_.end()), forms_.end());
  if (forms_.empty()) return;
  filter_.resize((1U << kFilterBits) / 64);
  std::vector<std::int32_t> open;  // each begins with the one before it
  for (const std::string& form : forms_) {
    while (!open.empty() && !form.starts_with(forms_[static_cast<std::size_t>(open.back())])) {
      open.pop_back();
    }
    shorter_.push_back(open.empty() ? -1 : open.back());
    open.push_back(static_cast<std::int32_t>(shorter_.size()) - 1);
    const std::uint32_t place = filter_place(form.data());
    filter_[place / 64] |= std::uint64_t{1} << (place % 64);
  }
}

std::uint32_t Redactor::filter_place(const char* bytes) {
  constexpr std::uint32_t kSpread = 2654435761U;  // 2^32 divided by the golden ratio
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return (word * kSpread) >> (32 - kFilterBits);
}

/// The length of the longest form that the bytes begin with, or 0. Such a form begins the greatest
/// form that is not greater than the bytes, or is it.
std::size_t Redactor::longest_at(std::string_view bytes) const {
  const std::string_view there = bytes.substr(0, kLongestSecretForm);
  const auto after = std::upper_bound(forms_.begin(), forms_.end(), there);
  auto at = static_cast<std::int32_t>(after - forms_.begin()) - 1;
  while (at >= 0 && !there.starts_with(forms_[static_cast<std::size_t>(at)])) {
    at = shorter_[static_cast<std::size_t>(at)];
  }
  return at < 0 ? 0 : forms_[static_cast<std::size_t>(at)].size();
}

/// Whether a form begins with all of these bytes, and goes on.
bool Redactor::may_begin_with(std::string_view bytes) const {
  auto form = std::lower_bound(forms_.begin(), forms_.end(), bytes);
  if (form != forms_.end() && *form == bytes) ++form;
  return form != forms_.end() && form->starts_with(bytes);
}

std::size_t Redactor::first_undecided(std::string_view bytes) const {
  std::size_t at = bytes.size() - std::min(bytes.size(), kLongestBeginning);
  while (at < bytes.size() && !may_begin_with(bytes.substr(at))) ++at;
  return at;
}

/// The length of the longest end of a form, or of a part of one, that the bytes begin with.
std::size_t Redactor::rest_of_value(std::string_view bytes) const {
  std::size_t longest = 0;
  for (const std::string_view form : forms_) {
    for (std::size_t at = 1; at + kLeastSecretBytes <= form.size(); ++at) {
      const std::string_view end = form.substr(at);
      if (end.size() <= longest) break;
      if (bytes.starts_with(end)) longest = end.size();
    }
  }
  return longest;
}

Redactor::Found Redactor::find(std::string_view bytes, const Edges& edges) const {
  if (empty()) return {.segments = {{0, bytes.size(), Kind::kText}}, .decided = bytes.size()};
  std::vector<Run> runs;
  std::size_t covered = std::min(edges.covered, bytes.size());
  if (edges.after_gap) {
    const std::size_t rest = rest_of_value(bytes);
    if (rest > 0) add_run(runs, 0, rest);
  }
  for (std::size_t at = 0; at + kLeastSecretBytes <= bytes.size(); ++at) {
    const std::uint32_t place = filter_place(bytes.data() + at);
    if ((filter_[place / 64] >> (place % 64) & 1U) == 0) continue;
    const std::size_t length = longest_at(bytes.substr(at));
    if (length == 0) continue;
    if (at < covered) {
      covered = std::max(covered, at + length);
    } else {
      add_run(runs, at, at + length);
    }
  }
  const std::size_t undecided = first_undecided(bytes);
  if (edges.before_gap && bytes.size() - undecided >= kLeastSecretBytes) {
    add_run(runs, std::max(undecided, covered), bytes.size());
  }
  return segments_of(edges.goes_on ? undecided : bytes.size(), covered, runs);
}

std::string Redactor::redact(std::string_view bytes) const {
  return redact_part(bytes, 0, bytes.size());
}

std::string Redactor::redact_part(std::string_view bytes, std::size_t begin,
                                  std::size_t end) const {
  if (empty()) return std::string(bytes.substr(begin, end - begin));
  std::string text;
  for (const Segment& segment : find(bytes, {}).segments) {
    const std::size_t from = std::max(segment.begin, begin);
    const std::size_t to = std::min(segment.end, end);
    if (from >= to) continue;
    text += segment.kind == Kind::kText ? bytes.substr(from, to - from) : kMark;
  }
  return text;
}

}  // namespace pyro
