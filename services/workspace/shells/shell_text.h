#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/secrets/redactor.h"

namespace pyro::workspace {

/// A place in a shell's output.
struct ShellPlace {
  std::uint64_t cursor = 0;      ///< characters before it, as readers count them
  std::uint64_t offset = 0;      ///< bytes before it, as the guest counts them
  std::uint64_t characters = 0;  ///< of those, the ones that begin a character of UTF-8
  std::uint64_t covered = 0;     ///< bytes behind it that belong to a redacted run before it
  std::uint64_t marked = 0;      ///< characters before it of the mark of the run behind it

  bool operator==(const ShellPlace&) const = default;

  template <class Fields>
  static void describe(Fields& f) {
    f("cursor", &ShellPlace::cursor, "Characters before it, as readers count them.");
    f("offset", &ShellPlace::offset, "Bytes before it, as the guest counts them.");
    f("characters", &ShellPlace::characters, "Of those, the ones that begin a character.");
    f("covered", &ShellPlace::covered, "Bytes behind it of a redacted run before it.");
    f("marked", &ShellPlace::marked, "Characters before it of the mark of the run behind it.");
  }
};

/// Where the bytes of a guest's shells become characters: the only place. Valid UTF-8; each
/// invalid byte is one U+FFFD, each redacted run one mark.
class ShellText {
 public:
  struct Bytes {
    std::string_view bytes;  ///< they begin at the place
    bool after_gap = false;  ///< those before them are not kept any more
    bool is_end = false;     ///< no more follow: a character that is cut through counts
  };
  /// `redactor`: null for none.
  ShellText(ShellPlace place, const Bytes& bytes, const Redactor* redactor);

  const ShellPlace& place() const { return place_; }
  /// The next characters, at most so many; fewer: no more are there, or none is known yet.
  std::string take(std::uint64_t characters);
  /// Leaves so many out; how many there were.
  std::uint64_t skip(std::uint64_t characters);
  /// Whether there is a next one.
  bool more();

 private:
  void leave_covered();
  /// One character; false: there is none. `out`: null to leave it out.
  bool next(std::string* out);
  /// The bytes of the next character of a text; 0: the rest of it is not there yet.
  std::size_t next_length(std::string_view text, bool ends) const;
  void advance(std::size_t bytes);

  ShellPlace place_;
  std::uint64_t begin_;
  std::string_view bytes_;
  bool is_end_;
  Redactor::Found found_;
  std::size_t segment_ = 0;
};

}  // namespace pyro::workspace
