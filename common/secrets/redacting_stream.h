#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/secrets/redactor.h"

namespace pyro {

/// Redacts bytes that come in pieces, with the same outcome however they are cut: the beginning of
/// what may be a value is held back until it is known. Null: nothing is redacted.
class RedactingStream {
 public:
  RedactingStream() = default;
  explicit RedactingStream(std::shared_ptr<const Redactor> redactor)
      : redactor_(std::move(redactor)) {}

  /// For a person at a terminal, who is to see each key that they type: one or two bytes are not
  /// held back. Of a value that is printed so slowly they show, the rest does not.
  void show_at_once() { most_held_shown_ = 2; }

  /// Each byte of a value is a `*`, in the place of one mark for all: the length stays.
  void keep_length() { keeps_length_ = true; }

  /// What is decided with this piece.
  std::string feed(std::string_view piece);
  /// The rest, with nothing after it.
  std::string finish();
  /// The rest; bytes are missing before what is fed next.
  std::string gap();

 private:
  bool passes() const { return redactor_ == nullptr || redactor_->empty(); }
  std::string take();

  std::shared_ptr<const Redactor> redactor_;
  std::string held_;
  Redactor::Edges edges_;
  std::size_t shown_ = 0;  ///< so many bytes of held_ were shown
  std::size_t most_held_shown_ = 0;
  bool keeps_length_ = false;
};

}  // namespace pyro
