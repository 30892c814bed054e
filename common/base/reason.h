#pragma once

#include <cstddef>
#include <string_view>

namespace pyro {

/// The name of one refusal that a caller may want to act on: `workspace_gone`. It accompanies the
/// code of an error, for programs. A file of common/base/reasons lists those of one subject; the
/// lists are open: a newer peer may send other names. docs/reasons.md gives the meaning of each and
/// the next step. A refusal without a reason has the name of its code instead.
class Reason {
 public:
  /// The longest reason, a peer's included.
  static constexpr std::size_t kMostBytes = 64;

  /// Compiles only for a name in snake_case.
  consteval explicit Reason(std::string_view name) : name_(name) {
    if (!is_name(name)) throw "a reason is a name in snake_case of at most kMostBytes";
  }

  constexpr std::string_view name() const { return name_; }
  constexpr operator std::string_view() const { return name_; }

 private:
  static constexpr bool is_name(std::string_view name) {
    if (name.empty() || name.size() > kMostBytes || name.back() == '_') return false;
    char before = '_';
    for (const char c : name) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (!letter && (c != '_' || before == '_')) return false;
      before = c;
    }
    return true;
  }

  std::string_view name_;
};

}  // namespace pyro
