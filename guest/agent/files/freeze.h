#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "common/base/clock.h"
#include "guest/agent/files/write_gate.h"

namespace pyro::agent::files {

/// How a file system is frozen and thawed.
struct FreezeActions {
  std::function<void()> prepare;  ///< with the agent's own writers kept out, before it is frozen
  std::function<void()> freeze;
  std::function<bool()> thaw;  ///< whether it was frozen; must not wait for anybody
};

/// A frozen file system, thawed when this goes, when it is told to, or at the limit by a thread
/// that does nothing else.
class Freeze {
 public:
  /// Waits until the agent's writers under way are through. Throws what the actions throw, and
  /// what WriteGate::close does.
  Freeze(WriteGate& gate, FreezeActions actions, Clock::duration limit);
  ~Freeze() { end(); }
  Freeze(const Freeze&) = delete;
  Freeze& operator=(const Freeze&) = delete;

  /// Thaws. Whether it was frozen until now.
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
