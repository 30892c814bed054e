#include "services/net/gate/streams/http_requests.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "common/network/policy.h"
#include "services/net/gate/rules/denial.h"

namespace pyro::gate {
namespace {

constexpr std::size_t kMostLineBytes = 32U << 10U;
/// Of a chunk: 2^60 is more than anybody sends, and no sum overflows.
constexpr std::size_t kMostSizeDigits = 15;

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_letters(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return lower_letter(x) == lower_letter(y);
         });
}

/// A token of RFC 9110.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    const char l = lower_letter(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && c != '\t') || u == 0x7F;
  });
}

std::string_view without_blanks(std::string_view text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

/// `Transfer_Encoding`: some servers take it for the field with `-`.
bool reads_as_another(std::string_view name) {
  if (name.find('_') == std::string_view::npos) return false;
  std::string other(name);
  std::replace(other.begin(), other.end(), '_', '-');
  return same_letters(other, "transfer-encoding") || same_letters(other, "content-length");
}

/// `host` or `host:port` of this port. nullopt: it is neither.
std::optional<std::string> host_of(std::string_view authority, std::uint16_t port) {
  if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    if (authority.substr(colon + 1) != std::to_string(port)) return std::nullopt;
    authority = authority.substr(0, colon);
  }
  return network::host_name_of(authority);
}

}  // namespace

HttpRequests::HttpRequests(std::uint16_t port, CheckHost check, ChangeHead change)
    : port_(port), check_(std::move(check)), change_(std::move(change)) {}

bool HttpRequests::refuse(std::string_view why) {
  refused_ = why;
  return false;
}

void HttpRequests::pass(std::string_view& bytes, std::string& out) {
  const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  out += bytes.substr(0, now);
  bytes.remove_prefix(now);
  left_ -= now;
}

/// Moves bytes into line_ up to the end of a line; true if it is whole. A lone CR or LF is refused.
bool HttpRequests::take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  const auto piece = bytes.substr(0, end);
  // At once, not when a line ends: what is no HTTP may have no lines.
  if (std::any_of(piece.begin(), piece.end(),
                  [](char c) { return c != '\r' && has_control(std::string_view(&c, 1)); })) {
    return refuse(denial::kNoHttp);
  }
  line_ += piece;
  bytes.remove_prefix(piece.size());
  if (line_.size() > kMostLineBytes) return refuse(denial::kNoHttp);
  const auto carriage = line_.find('\r');
  if (carriage != std::string::npos && carriage + 1 != line_.size()) {
    return refuse(denial::kNoHttp);
  }
  if (end == std::string_view::npos) return false;
  bytes.remove_prefix(1);
  if (carriage == std::string::npos) return refuse(denial::kNoHttp);
  line_.pop_back();
  return true;
}

bool HttpRequests::feed(std::string_view bytes, std::string& out) {
  while (!bytes.empty() && refused_.empty()) {
    if (state_ == State::kBody || state_ == State::kChunk) {
      pass(bytes, out);
      if (left_ == 0) state_ = state_ == State::kBody ? State::kHead : State::kChunkEnd;
      continue;
    }
    if (!take_line(bytes)) continue;
    const std::string line = std::move(line_);
    line_.clear();
    if (state_ == State::kChunkSize) {
      if (read_chunk_size(line)) out += line + "\r\n";
      continue;
    }
    if (state_ == State::kChunkEnd) {
      if (!line.empty()) return refuse(denial::kNoHttp);
      out += "\r\n";
      state_ = State::kChunkSize;
      continue;
    }
    head_ += line + "\r\n";
    if (head_.size() > kMostHeadBytes) return refuse(denial::kNoHttp);
    if (state_ == State::kTrailer) {
      if (!line.empty() && !is_token(line.substr(0, line.find(':')))) {
        return refuse(denial::kNoHttp);
      }
      if (!line.empty()) continue;
      out += std::exchange(head_, {});
      state_ = State::kHead;
      continue;
    }
    if (!has_request_line_) {
      if (!read_request_line(line)) return refuse(denial::kNoHttp);
      has_request_line_ = true;
      continue;
    }
    if (!line.empty()) {
      if (!read_field(line)) return refuse(denial::kNoHttp);
      continue;
    }
    if (!finish_head()) return false;
    const std::string head = std::exchange(head_, {});
    out += change_ ? change_(head) : head;
  }
  return refused_.empty();
}

bool HttpRequests::read_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) return false;
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(method) || same_letters(method, "CONNECT") || method == "PRI") return false;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  is_old_ = version == "HTTP/1.0";
  if (target.empty() || has_control(target) || target.find_first_of(" \t") != target.npos) {
    return false;
  }
  target_host_.clear();
  if (target.front() == '/' || target == "*") return true;
  constexpr std::string_view kScheme = "http://";
  if (!same_letters(target.substr(0, kScheme.size()), kScheme)) return false;
  const auto rest = target.substr(kScheme.size());
  const auto host = host_of(rest.substr(0, rest.find_first_of("/?#")), port_);
  if (!host) return false;
  target_host_ = *host;
  return true;
}

bool HttpRequests::read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const auto name = line.substr(0, colon);
  const auto value = without_blanks(line.substr(colon + 1));
  // A blank before the name continues the field before it, in old readers.
  if (!is_token(name) || has_control(value) || reads_as_another(name)) return false;
  if (same_letters(name, "host")) return read_host(value);
  // What follows it would be no HTTP/1.
  if (same_letters(name, "upgrade") || same_letters(name, "http2-settings")) return false;
  if (same_letters(name, "content-length")) {
    if (has_length_ || is_chunked_) return false;
    const auto end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, left_);
    if (value.empty() || parsed.ec != std::errc() || parsed.ptr != end) return false;
    has_length_ = true;
    return true;
  }
  if (same_letters(name, "transfer-encoding")) {
    if (has_length_ || is_chunked_ || is_old_ || !same_letters(value, "chunked")) return false;
    is_chunked_ = true;
  }
  return true;
}

bool HttpRequests::read_host(std::string_view value) {
  if (has_host_) return false;
  has_host_ = true;
  const auto host = host_of(value, port_);
  if (!host) return false;
  host_field_ = *host;
  return true;
}

bool HttpRequests::finish_head() {
  if (!has_host_) return refuse(denial::kNoHttp);
  if (!target_host_.empty() && target_host_ != host_field_) return refuse(denial::kNoHttp);
  host_ = host_field_;
  if (const auto why = check_(host_); !why.empty()) return refuse(why);
  state_ = is_chunked_ ? State::kChunkSize : left_ > 0 ? State::kBody : State::kHead;
  has_request_line_ = has_host_ = has_length_ = is_chunked_ = false;
  host_field_.clear();
  return true;
}

bool HttpRequests::read_chunk_size(std::string_view line) {
  const auto digits = line.substr(0, line.find(';'));
  if (digits.empty() || digits.size() > kMostSizeDigits || has_control(line)) {
    return refuse(denial::kNoHttp);
  }
  const auto end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, left_, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return refuse(denial::kNoHttp);
  state_ = left_ == 0 ? State::kTrailer : State::kChunk;
  return true;
}

}  // namespace pyro::gate
