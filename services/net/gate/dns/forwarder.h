#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "services/net/gate/dns/message.h"
#include "services/net/gate/dns/resolvers.h"
#include "services/net/gate/journal.h"
#include "services/net/gate/loop.h"
#include "services/net/gate/rules/rules.h"

namespace pyro::gate::dns {

/// So many at once and so many again in a second.
class Allowance {
 public:
  Allowance(double most, double per_second) : most_(most), per_second_(per_second), left_(most) {}
  bool take(Clock::time_point now = Clock::now());

 private:
  double most_;
  double per_second_;
  double left_;
  Clock::time_point at_{};
};

/// The guest's DNS server: asks the host's resolvers what the rules allow, and pins the public
/// addresses that it answers to their names.
class Forwarder {
 public:
  /// `ipv6`: whether the guest has it; else no name has an address of it.
  Forwarder(Loop& loop, Rules& rules, Journal& journal, int datagrams, bool ipv6);
  ~Forwarder();

  /// A connection of the guest to the DNS port.
  void take_connection(UniqueFd guest);

 private:
  enum class Transport { kDatagram, kStream };
  using Reply = std::function<void(std::string message)>;
  struct Query;
  struct Stream;

  void take_datagrams();
  void handle(std::string_view message, Transport transport, std::uint16_t guest_port, Reply reply);
  /// The reason if the question does not go out; it is then answered with `rcode`.
  std::string_view refusal(const Question& question, Rcode& rcode);
  void ask_next(Query& query);
  void ask_by_stream(Query& query);
  void on_stream(Query& query, std::uint32_t events);
  void take_answer(Query& query, std::string message);
  void answer(Query& query, const Answer& found, std::string message);
  void finish(Query& query, std::string reply);
  void deny(const Question& question, std::uint16_t guest_port, std::string_view reason);

  void on_guest(Stream& stream, std::uint32_t events);
  void end(Stream& stream);

  Loop& loop_;
  Rules& rules_;
  Journal& journal_;
  int datagrams_;
  bool ipv6_;
  Loop::Watch watch_;
  Resolvers resolvers_;
  Allowance questions_;
  Allowance wildcard_names_;
  std::list<std::unique_ptr<Query>> queries_;
  std::list<std::unique_ptr<Stream>> streams_;
};

}  // namespace pyro::gate::dns
