#pragma once

namespace pyro::cli {

/// The reader of our standard output is gone, as `head` does: the program ends quietly, with the
/// exit status of a SIGPIPE.
struct StdoutClosed {
  static constexpr int kExitStatus = 141;
};

}  // namespace pyro::cli
