#pragma once

#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/network/connection_log.h"
#include "common/network/gate_protocol.h"
#include "common/network/injection.h"
#include "common/process/child_process.h"
#include "services/net/gate/rules/address.h"
#include "services/vm/shim/cache_broker.h"
#include "tests/support/namespaces.h"
#include "tests/support/soon.h"
#include "tests/support/temporary.h"

namespace pyro::gate {

using Namespace = test::NetworkNamespace;

/// What a server of the internet saw of one connection.
struct Seen {
  Endpoint to;
  std::string bytes;
};

/// A host behind which every address answers: 203.0.113.53 is its resolver. It echoes what it gets,
/// unless an address has an answer of its own.
class Internet {
 public:
  Internet(const Namespace& where, const std::vector<std::uint16_t>& tcp_ports,
           const std::vector<std::uint16_t>& udp_ports);
  ~Internet();

  /// Records of the zone. A name without any does not exist.
  void set(const std::string& name, std::vector<std::string> addresses);
  /// Raw bytes as the answer to a name; its first two are replaced by the question's.
  void set_raw(const std::string& name, std::string message);
  /// The next datagrams are answered as too long for one.
  void truncate(bool yes) { truncate_ = yes; }
  /// What the servers of an address send after the first bytes, in place of an echo.
  void answer(const std::string& address, std::string bytes);
  /// What serves connections to an address in place of all that, each in a thread of its own.
  using Serve = std::function<void(int socket)>;
  void serve(const std::string& address, Serve serve);

  std::vector<std::string> questions() const;
  std::vector<Seen> connections() const;
  /// Whether a byte or a connection reached this address.
  bool was_reached(const std::string& address) const;
  std::string bytes_at(const std::string& address) const;

 private:
  void serve_tcp(int listener, const std::stop_token& stop);
  void serve_connection(UniqueFd fd);
  void serve_udp(int socket, const std::stop_token& stop);
  void serve_dns(int socket, const std::stop_token& stop);
  void serve_dns_stream(int listener, const std::stop_token& stop);
  std::string dns_answer(std::string_view question, bool stream);

  const Namespace& where_;
  mutable std::mutex lock_;
  std::map<std::string, std::vector<std::string>> zone_;
  std::map<std::string, std::string> raw_;
  std::map<std::string, std::string> answers_;
  std::map<std::string, Serve> serves_;
  std::atomic<bool> truncate_ = false;
  std::vector<std::string> questions_;
  std::vector<std::shared_ptr<Seen>> seen_;
  std::set<int> open_;
  std::vector<UniqueFd> listeners_;
  std::vector<std::jthread> threads_;
};

/// The three namespaces and a gate between them. The test's own thread is on the host.
class Lab {
 public:
  Lab();
  ~Lab();

  /// Starts a gate with this policy and plugs the guest in.
  void start(network::Policy policy);
  /// What gates are given with each policy that injects.
  void set_injection(network::Injection injection) { injection_ = std::move(injection); }
  /// Nothing is asked: the gate's first report.
  network::GateReport start_only(const network::Policy& policy);
  network::GateReport set_policy(network::Policy policy);
  void kill_gate();
  /// From the next gate on: the socket of the host's package cache.
  void set_package_cache(std::filesystem::path socket) { package_cache_ = std::move(socket); }
  /// Closes the shim's end.
  void hang_up() { control_.reset(); }
  ChildProcess& gate() { return *gate_; }
  /// Connects the guest to the tap of a network.
  void plug(UniqueFd tap);

  Internet& internet() { return *internet_; }
  const Namespace& guest() const { return *guest_; }
  const Namespace& host() const { return *host_; }
  const Namespace& far() const { return *far_; }
  const std::filesystem::path& directory() const { return directory_.path(); }
  int control() const { return control_.get(); }

  // ---- the guest
  UniqueFd guest_socket(int family, int type, int protocol = 0) const;
  /// The connected socket, or errno of connect().
  struct Dialed {
    UniqueFd fd;
    int error = 0;
  };
  Dialed dial(const std::string& address, std::uint16_t port) const;
  /// Sends them and waits for as many bytes back, or the end.
  std::string exchange(int socket, std::string_view bytes) const;
  /// The same over a new connection. What came back of it; nullopt: it was refused.
  std::optional<std::string> talk(const std::string& address, std::uint16_t port,
                                  std::string_view bytes) const;
  /// The answer of the gateway to this message; nullopt: none within a while.
  std::optional<std::string> ask_raw(std::string_view message) const;
  /// The addresses of a name, asked for as A or AAAA.
  struct Resolved {
    int rcode = -1;
    std::vector<std::string> addresses;
    bool truncated = false;
  };
  Resolved resolve(const std::string& name, std::uint16_t type = 1) const;

  // ---- the log
  std::vector<network::LogLine> log() const;
  bool logged(network::Verdict verdict, std::string_view reason, std::string_view name = {}) const;

 private:
  void unplug();
  void order(const network::Policy& policy) const;

  pyro::testing::TestDirectory directory_;
  std::unique_ptr<Namespace> host_;
  std::unique_ptr<Namespace> far_;
  std::unique_ptr<Namespace> guest_;
  std::unique_ptr<Internet> internet_;
  UniqueFd guest_tap_;
  network::Injection injection_;
  UniqueFd control_;
  std::filesystem::path package_cache_;
  std::optional<vm::CacheBroker> broker_;
  std::optional<ChildProcess> gate_;
  UniqueFd end_pump_;
  std::thread pump_;
};

/// All of the public internet.
inline network::Policy open_policy() { return {.kind = api::NetworkPolicy::kEgress}; }
inline network::Policy listed_policy(std::vector<std::string> allow) {
  return {.kind = api::NetworkPolicy::kEgress, .allow = std::move(allow)};
}

/// A question of one name; `flags` and counts as an honest client has them.
std::string dns_question(std::string_view name, std::uint16_t type, std::uint16_t id = 0x1234);

/// A ClientHello as a record. The extensions follow one another as given.
struct HelloParts {
  std::string extensions{};
  std::size_t bytes_in_record = 16384;
};
std::string client_hello(const HelloParts& parts);
/// A server_name extension with these entries.
std::string server_name_extension(const std::vector<std::string>& names, std::uint8_t type = 0);
std::string hello_for(const std::string& name);

}  // namespace pyro::gate
