#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pyro::workspace {

/// A place in a shell's output.
struct ShellPlace {
  std::uint64_t cursor = 0;      ///< characters before it, as readers count them
  std::uint64_t offset = 0;      ///< bytes before it, as the guest counts them
  std::uint64_t characters = 0;  ///< of those, the ones that begin a character of UTF-8

  bool operator==(const ShellPlace&) const = default;

  template <class Fields>
  static void describe(Fields& f) {
    f("cursor", &ShellPlace::cursor, "Characters before it, as readers count them.");
    f("offset", &ShellPlace::offset, "Bytes before it, as the guest counts them.");
    f("characters", &ShellPlace::characters, "Of those, the ones that begin a character.");
  }
};

/// Where the bytes of a guest's shells become characters: the only place. Valid UTF-8; each
/// invalid byte is one U+FFFD.
class ShellText {
 public:
  /// `bytes` begin at `place`. At the end of all output a character that is cut through counts.
  ShellText(ShellPlace place, std::string_view bytes, bool is_end)
      : place_(place), bytes_(bytes), is_end_(is_end) {}

  const ShellPlace& place() const { return place_; }
  /// The next characters, at most so many; fewer: no more are there.
  std::string take(std::uint64_t characters);
  /// Leaves so many out; how many there were.
  std::uint64_t skip(std::uint64_t characters);

 private:
  /// The bytes of the next character; 0: none, or the rest of it is not there yet.
  std::size_t next_length() const;
  void advance(std::size_t bytes);

  ShellPlace place_;
  std::string_view bytes_;
  bool is_end_;
};

}  // namespace pyro::workspace
