#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>

#include "services/net/gate/journal.h"
#include "services/net/gate/loop.h"
#include "services/net/gate/relay/cache_dialer.h"
#include "services/net/gate/relay/connection.h"
#include "services/net/gate/relay/syn_queue.h"
#include "services/net/gate/rules/rules.h"
#include "services/net/gate/setup/machine_network.h"

namespace pyro::gate {

/// The guest's TCP. With a queue of SYNs, a connection is decided and made before the guest is
/// answered, so that its connect() tells the truth; else it is accepted first, and reset if it
/// cannot be.
class TcpRelay {
 public:
  /// Takes a connection to the gateway's DNS port.
  using TakeDns = std::function<void(UniqueFd)>;

  TcpRelay(Loop& loop, Rules& rules, Journal& journal, const MachineNetwork& network,
           CacheDialer& cache, std::size_t most_connections, TakeDns take_dns);
  ~TcpRelay();

  /// After the rules have changed: ends what they no longer allow.
  void recheck();

 private:
  /// On its way to where the guest wants, or there and not yet taken up by the guest.
  struct Attempt {
    ConnectionKey key;
    Subject subject;
    Clock::time_point since;
    UniqueFd remote;
    std::optional<std::uint32_t> syn;  ///< that waits in the queue
    UniqueFd guest;                    ///< accepted first
    bool connected = false;
    CacheDialer::Call cache_call;
    Loop::Watch watch;
    Loop::Timer timer;
  };

  void take_syns();
  void take_connections(int listener);
  void begin(const ConnectionKey& key, std::optional<std::uint32_t> syn, UniqueFd guest);
  void begin_to_cache(Attempt& attempt);
  void on_connected(Attempt& attempt);
  void go_on(Attempt& attempt);
  /// Ends it without a connection.
  void refuse(Attempt& attempt, SynAnswer answer);
  void fail(Attempt& attempt, int error_number);
  void remove(const ConnectionKey& key);
  void open(const ConnectionKey& key, UniqueFd guest, UniqueFd remote, Clock::time_point since);

  Loop& loop_;
  Rules& rules_;
  Journal& journal_;
  const MachineNetwork& network_;
  CacheDialer& cache_;
  std::size_t most_connections_;
  TakeDns take_dns_;
  std::unordered_map<ConnectionKey, std::unique_ptr<Attempt>> attempts_;
  std::list<std::unique_ptr<Connection>> connections_;
  std::list<Loop::Watch> watches_;
};

}  // namespace pyro::gate
