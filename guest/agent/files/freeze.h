#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "common/base/clock.h"
#include "guest/agent/files/write_gate.h"

namespace pyro::agent::files {

/// How to freeze and thaw a file system.
struct FreezeActions {
  std::function<void()> prepare;  ///< before the freeze, with the agent's writers kept out
  std::function<void()> freeze;
  std::function<bool()> thaw;  ///< whether it was frozen; must not wait
};

/// A frozen file system. Thaws in its destructor, in end(), or at the limit by a dedicated thread.
class Freeze {
 public:
  /// Waits for the agent's current writers. Throws what the actions and WriteGate::close throw.
  Freeze(WriteGate& gate, FreezeActions actions, Clock::duration limit);
  ~Freeze() { end(); }
  Freeze(const Freeze&) = delete;
  Freeze& operator=(const Freeze&) = delete;

  /// Thaws. Returns whether it was frozen until now.
  bool end();
  bool ended();

 private:
  enum class State { kBeginning, kFrozen, kThawed };

  void watch();
  bool thaw();

  WriteGate& gate_;
  const FreezeActions actions_;
  const Deadline limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kBeginning;
  std::thread watch_;
};

}  // namespace pyro::agent::files
