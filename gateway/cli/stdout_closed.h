#pragma once

namespace pyro::cli {

/// Who read our standard output has gone, as `head` does: the program ends quietly, with the
/// status of one that SIGPIPE ended.
struct StdoutClosed {
  static constexpr int kExitStatus = 141;
};

}  // namespace pyro::cli
