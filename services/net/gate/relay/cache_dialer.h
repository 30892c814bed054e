#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "common/base/unique_fd.h"
#include "services/net/gate/loop.h"

namespace pyro::gate {

/// Connections to the host's package cache. The gate makes no unix socket, by which it could reach
/// all of pyro: its shim connects, and hands them over (common/network/gate_protocol.h).
class CacheDialer {
 public:
  /// `shim`: the descriptor that it gave, if it did.
  CacheDialer(Loop& loop, UniqueFd shim);
  /// That of this process.
  static UniqueFd given();

  using Dialed = std::function<void(UniqueFd connection)>;

  /// Who waits for a connection; gone with this object, it is closed when it comes.
  class Call {
   public:
    bool is_waiting() const { return waits_ != nullptr; }

   private:
    friend class CacheDialer;
    std::shared_ptr<Dialed> waits_;
  };

  /// `dialed` gets the connection, or none: the cache is not there. Not waiting: the shim gives
  /// none.
  Call dial(Dialed dialed);

 private:
  void take_answers();

  UniqueFd shim_;
  std::deque<std::weak_ptr<Dialed>> waiting_;  ///< in the order of the questions
  Loop::Watch watch_;
};

}  // namespace pyro::gate
