#include "common/secrets/redacting_stream.h"

#include <algorithm>

namespace pyro {

std::string RedactingStream::feed(std::string_view piece) {
  if (passes()) return std::string(piece);
  held_ += piece;
  edges_.goes_on = true;
  return take();
}

std::string RedactingStream::finish() {
  if (passes()) return "";
  edges_.goes_on = false;
  return take();
}

std::string RedactingStream::gap() {
  if (passes()) return "";
  edges_.goes_on = false;
  edges_.before_gap = true;
  std::string rest = take();
  edges_ = {.after_gap = true};
  return rest;
}

std::string RedactingStream::take() {
  const Redactor::Found found = redactor_->find(held_, edges_);
  std::string text;
  for (const auto& [begin, end, kind] : found.segments) {
    if (keeps_length_ && kind != Redactor::Kind::kText) {
      text.append(end - begin, '*');
      continue;
    }
    if (kind == Redactor::Kind::kMarked) text += Redactor::kMark;
    const std::size_t from = std::max(begin, shown_);
    if (kind == Redactor::Kind::kText && from < end) text.append(held_, from, end - from);
  }
  held_.erase(0, found.decided);
  shown_ -= std::min(shown_, found.decided);
  edges_ = {.covered = found.covered, .after_gap = edges_.after_gap && found.decided == 0};
  if (held_.size() <= most_held_shown_ && found.covered == 0 && shown_ < held_.size()) {
    text.append(held_, shown_);
    shown_ = held_.size();
  }
  return text;
}

}  // namespace pyro
