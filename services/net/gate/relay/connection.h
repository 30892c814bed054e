#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "services/net/gate/journal.h"
#include "services/net/gate/loop.h"
#include "services/net/gate/rules/rules.h"
#include "services/net/gate/streams/stream_guard.h"
#include "services/net/gate/tls/terminator.h"

namespace pyro::gate {

/// A connection of the guest and ours to where it goes: bytes each way, half closes, and a guard
/// that looks at them. What one side does not take is held, and the other is not read meanwhile.
class Connection {
 public:
  /// Called once, at its end. The connection may be destroyed in it by Loop::bury.
  using Ended = std::function<void()>;

  Connection(Loop& loop, Rules& rules, Journal& journal, Subject subject, const Decision& decision,
             UniqueFd guest, UniqueFd remote, Clock::time_point since, Ended ended);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Whether the rules, which have changed, still allow it as it is.
  bool is_still_allowed() const;
  bool goes_to_cache() const { return proof_ == Proof::kPackages; }
  /// Resets both sides; the log says why.
  void abort(std::string_view reason);

 private:
  struct Side {
    UniqueFd fd;
    Loop::Watch watch;
    std::string held{};     ///< not yet taken by this side
    bool at_end = false;    ///< it sends nothing more
    bool told_end = false;  ///< it was told that nothing more comes
  };

  void on_events(Side& side, std::uint32_t events);
  bool flush(Side& side);
  bool read_from(Side& side);
  bool deliver(Side& to, std::string_view bytes);
  bool takes_from(const Side& side) const;
  bool guard_up(std::string_view bytes);
  bool terminate();
  bool bring(Side& from, std::string_view bytes);
  bool lose(Side& side);
  bool send_on();
  void let_guest_read();
  void pass_ends();
  void arm();
  void finish(std::string_view reason);
  void check_name();
  void log_opened();
  void learn();
  Side& other(const Side& side) { return &side == &guest_ ? remote_ : guest_; }

  Loop& loop_;
  Rules& rules_;
  Journal& journal_;
  Subject subject_;
  Proof proof_;
  std::unique_ptr<StreamGuard> guard_;
  std::unique_ptr<Terminator> terminator_;  ///< of a host that secrets are bound to
  bool learnt_ = false;
  std::string known_name_;    ///< by the pins, for the log
  std::uint64_t number_ = 0;  ///< in the log; 0: not yet opened there
  Passed passed_;
  Clock::time_point since_;
  Ended ended_;
  bool over_ = false;
  Loop::Timer silence_;
  Side guest_;
  Side remote_;
};

}  // namespace pyro::gate
