#include "services/net/gate/tls/http_answers.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/base/text.h"
#include "services/net/gate/rules/denial.h"

namespace pyro::gate {
namespace {

constexpr std::size_t kMostAnswerLineBytes = 128U << 10U;
constexpr std::size_t kMostChunkDigits = 15;

std::string lower_letters(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

}  // namespace

bool HttpAnswers::refuse(std::string_view why, std::string detail) {
  refused_ = why;
  detail_ = std::move(detail);
  return false;
}

/// Same length: what is found of a value becomes stars.
std::string HttpAnswers::hidden(std::string_view text) const {
  RedactingStream stream(redactor_);
  stream.keep_length();
  std::string out = stream.feed(text);
  return out += stream.finish();
}

bool HttpAnswers::take_line(std::string_view& bytes, std::string& line) {
  const auto end = bytes.find('\n');
  line_ += bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (line_.size() > kMostAnswerLineBytes) return refuse(denial::kAnswerNoHttp);
  if (end == std::string_view::npos) return false;
  if (line_.empty() || line_.back() != '\r') return refuse(denial::kAnswerNoHttp);
  line_.pop_back();
  if (line_.find('\r') != std::string::npos || line_.find('\0') != std::string::npos) {
    return refuse(denial::kAnswerNoHttp);
  }
  line = std::exchange(line_, {});
  return true;
}

bool HttpAnswers::feed(std::string_view bytes, std::string& out) {
  while (!bytes.empty() && refused_.empty()) {
    if (state_ == State::kUntilEnd) {
      pass_body(std::exchange(bytes, {}), out);
      continue;
    }
    if (state_ == State::kBody || state_ == State::kChunk) {
      pass(bytes, out);
      continue;
    }
    std::string line;
    if (!take_line(bytes, line)) continue;
    if (state_ == State::kChunkSize) {
      read_chunk_size(line);
    } else if (state_ == State::kChunkEnd) {
      if (!line.empty()) return refuse(denial::kAnswerNoHttp);
      state_ = State::kChunkSize;
    } else {
      take_head_line(line, out);
    }
  }
  return refused_.empty();
}

/// Of a head, or of the trailer after the last chunk.
bool HttpAnswers::take_head_line(const std::string& line, std::string& out) {
  if (state_ == State::kHead && head_.empty() && expected_.empty()) {
    return refuse(denial::kAnswerNoHttp);  // nobody asked
  }
  head_ += line + "\r\n";
  if (head_.size() > kMostHeadBytes) return refuse(denial::kAnswerNoHttp);
  if (!line.empty()) return true;
  if (state_ == State::kHead) return finish_head(out);
  end_body(out);
  out += "0\r\n" + hidden(std::exchange(head_, {}));
  end_answer();
  return true;
}

bool HttpAnswers::finish_head(std::string& out) {
  is_chunked_ = has_length_ = false;
  encoding_.clear();
  length_ = 0;
  const std::string head = std::exchange(head_, {});
  has_any_ = true;
  if (!read_head(head)) return refused_.empty() ? refuse(denial::kAnswerNoHttp) : false;
  constexpr unsigned kSwitchingProtocols = 101;
  if (status_ == kSwitchingProtocols) return refuse(denial::kAnswerNoHttp);
  if (status_ < 200) {  // another answer to the same request follows
    out += hidden(head);
    return true;
  }
  const bool has_body = expected_.front() != Asked::kHead && status_ != 204 && status_ != 304;
  if (has_body && !encoding_.empty()) return refuse(denial::kAnswerEncoded, encoding_);
  out += hidden(head);
  body_ = RedactingStream(redactor_);
  body_.keep_length();
  left_ = length_;
  if (!has_body || (!is_chunked_ && has_length_ && left_ == 0)) {
    end_answer();
  } else {
    state_ = is_chunked_ ? State::kChunkSize : has_length_ ? State::kBody : State::kUntilEnd;
  }
  return true;
}

bool HttpAnswers::read_head(std::string_view head) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr std::size_t kStatusAt = 9;
  constexpr std::size_t kStatusEnd = 12;
  std::size_t end = head.find("\r\n");
  const auto first = head.substr(0, end);
  if (first.size() < kStatusEnd || !first.starts_with(kVersion) || first[kStatusAt - 1] != ' ') {
    return false;
  }
  const auto* digits_end = first.data() + kStatusEnd;
  const auto parsed = std::from_chars(first.data() + kStatusAt, digits_end, status_);
  if (parsed.ec != std::errc() || parsed.ptr != digits_end || status_ < 100) return false;
  for (head.remove_prefix(end + 2); !head.starts_with("\r\n"); head.remove_prefix(end + 2)) {
    end = head.find("\r\n");
    if (!read_field(head.substr(0, end))) return false;
  }
  return true;
}

bool HttpAnswers::read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  if (line.substr(0, colon).find_first_of(" \t") != std::string_view::npos) return false;
  const std::string name = lower_letters(line.substr(0, colon));
  const std::string value = lower_letters(trim(line.substr(colon + 1)));
  if (name == "transfer-encoding") {
    if (value != "chunked") return refuse(denial::kAnswerEncoded, value);
    if (has_length_ || is_chunked_) return false;
    is_chunked_ = true;
  } else if (name == "content-length") {
    if (has_length_ || is_chunked_) return false;
    const auto* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, length_);
    if (value.empty() || parsed.ec != std::errc() || parsed.ptr != end) return false;
    has_length_ = true;
  } else if (name == "content-encoding" && !value.empty() && value != "identity") {
    encoding_ = value;
  }
  return true;
}

bool HttpAnswers::read_chunk_size(std::string_view line) {
  const auto digits = trim(line.substr(0, line.find(';')));
  if (digits.empty() || digits.size() > kMostChunkDigits) return refuse(denial::kAnswerNoHttp);
  const auto* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, left_, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return refuse(denial::kAnswerNoHttp);
  state_ = left_ == 0 ? State::kTrailer : State::kChunk;
  return true;
}

void HttpAnswers::pass(std::string_view& bytes, std::string& out) {
  const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  pass_body(bytes.substr(0, now), out);
  bytes.remove_prefix(now);
  left_ -= now;
  if (left_ > 0) return;
  if (state_ == State::kChunk) {
    state_ = State::kChunkEnd;
  } else {
    end_body(out);
    end_answer();
  }
}

/// A chunk of ours has what is decided by now: the rest comes in a later one.
void HttpAnswers::pass_body(std::string_view bytes, std::string& out) {
  const std::string text = body_.feed(bytes);
  if (text.empty()) return;
  if (is_chunked_) out += fmt::format("{:x}\r\n", text.size());
  out += text;
  if (is_chunked_) out += "\r\n";
}

void HttpAnswers::end_body(std::string& out) {
  const std::string rest = body_.finish();
  if (rest.empty()) return;
  if (is_chunked_) out += fmt::format("{:x}\r\n", rest.size());
  out += rest;
  if (is_chunked_) out += "\r\n";
}

void HttpAnswers::end_answer() {
  state_ = State::kHead;
  expected_.pop_front();
}

bool HttpAnswers::finish(std::string& out) {
  if (!refused_.empty()) return false;
  if (state_ == State::kUntilEnd) {
    end_body(out);
    end_answer();
    return true;
  }
  return state_ == State::kHead && head_.empty() && line_.empty();
}

}  // namespace pyro::gate
