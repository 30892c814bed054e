#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "common/secrets/redacting_stream.h"

namespace pyro::gate {

/// Reads the answers of an HTTP/1 connection as they come, in pieces of any length, and hides the
/// values of secrets in their heads and bodies: each byte of one is a `*`, so that lengths stay
/// true. Bodies in chunks are cut anew. What it cannot read is refused: another encoding than none,
/// a length that could be read in two ways.
class HttpAnswers {
 public:
  static constexpr std::size_t kMostHeadBytes = 256U << 10U;

  explicit HttpAnswers(std::shared_ptr<const Redactor> redactor) : redactor_(std::move(redactor)) {}

  /// A request goes up whose answer comes after those that are expected already.
  enum class Asked { kHead, kOther };
  void expect(Asked asked) { expected_.push_back(asked); }

  /// Appends to `out` what may go on to the client. False: refused() says why, and nothing more may
  /// go on.
  bool feed(std::string_view bytes, std::string& out);
  /// The connection ends: appends what was held back. False: in the middle of an answer.
  bool finish(std::string& out);

  std::string_view refused() const { return refused_; }
  /// What the answer was, which refused() is about, as its encoding.
  const std::string& detail() const { return detail_; }
  std::size_t expected() const { return expected_.size(); }
  /// Whether any answer has come.
  bool has_any() const { return has_any_; }
  /// Whether the head of the answer that is expected next has not gone on.
  bool is_between() const { return state_ == State::kHead; }

 private:
  enum class State { kHead, kBody, kChunkSize, kChunk, kChunkEnd, kTrailer, kUntilEnd };

  bool take_line(std::string_view& bytes, std::string& line);
  bool finish_head(std::string& out);
  bool read_head(std::string_view head);
  bool read_field(std::string_view line);
  bool read_chunk_size(std::string_view line);
  bool take_head_line(const std::string& line, std::string& out);
  void pass(std::string_view& bytes, std::string& out);
  void pass_body(std::string_view bytes, std::string& out);
  void end_body(std::string& out);
  void end_answer();
  std::string hidden(std::string_view text) const;
  bool refuse(std::string_view why, std::string detail = {});

  std::shared_ptr<const Redactor> redactor_;
  std::deque<Asked> expected_;
  State state_ = State::kHead;
  std::string line_;
  std::string head_;
  std::string_view refused_;
  std::string detail_;
  RedactingStream body_;
  bool has_any_ = false;

  // Of the answer whose head is read.
  unsigned status_ = 0;
  bool is_chunked_ = false;
  bool has_length_ = false;
  std::string encoding_;
  std::uint64_t length_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace pyro::gate
