#pragma once

#include <string>
#include <string_view>

namespace pyro::cli {

/// What a person types at an attached terminal.
class Keys {
 public:
  /// Ctrl-].
  static constexpr char kDetach = '\x1d';

  struct Typed {
    std::string input;    ///< whole characters of UTF-8
    bool detach = false;  ///< the person leaves; what came behind it is not for the shell
  };
  /// The next bytes of the terminal. A character that is cut through waits for its rest.
  Typed take(std::string_view bytes);

 private:
  std::string held_;
};

}  // namespace pyro::cli
