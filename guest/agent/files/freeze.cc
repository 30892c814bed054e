#include "guest/agent/files/freeze.h"

#include "common/base/files.h"

namespace pyro::agent::files {

Freeze::Freeze(WriteGate& gate, FreezeActions actions, Clock::duration limit)
    : gate_(gate), actions_(std::move(actions)), limit_(Clock::now() + limit) {
  gate_.close(limit_);
  Cleanup reopen([this] { gate_.open(); });
  actions_.prepare();
  // Before a writer could be stuck: from there on nothing can fail.
  watch_ = std::thread([this] { watch(); });
  State reached = State::kThawed;
  Cleanup tell([this, &reached] {
    {
      const std::lock_guard lock(mutex_);
      state_ = reached;
    }
    changed_.notify_all();
    if (reached == State::kThawed) watch_.join();
  });
  actions_.freeze();
  reached = State::kFrozen;
  reopen.dismiss();
}

void Freeze::watch() {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, limit_, [this] { return state_ == State::kThawed; });
  changed_.wait(lock, [this] { return state_ != State::kBeginning; });
  thaw();
}

bool Freeze::thaw() {
  if (state_ != State::kFrozen) return false;
  const bool held = actions_.thaw();
  state_ = State::kThawed;
  gate_.open();
  return held;
}

bool Freeze::end() {
  bool held = false;
  {
    const std::lock_guard lock(mutex_);
    held = thaw();
  }
  changed_.notify_all();
  if (watch_.joinable()) watch_.join();
  return held;
}

bool Freeze::ended() {
  const std::lock_guard lock(mutex_);
  return state_ == State::kThawed;
}

}  // namespace pyro::agent::files
