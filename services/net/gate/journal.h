#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "common/network/connection_log.h"
#include "common/network/learned_names.h"
#include "services/net/gate/loop.h"
#include "services/net/gate/rules/address.h"
#include "services/net/gate/streams/stream_guard.h"

namespace pyro::gate {

/// Who wants what from where.
struct Subject {
  network::Protocol protocol = network::Protocol::kTcp;
  std::string name;
  Endpoint to;
  std::uint16_t guest_port = 0;
};

/// What became of an open connection.
struct Passed {
  std::uint64_t up = 0;
  std::uint64_t down = 0;
};

/// Writes the machine's log, and what was learnt.
class Journal {
 public:
  Journal(Loop& loop, const std::filesystem::path& directory);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Returns the number of the connection.
  std::uint64_t opened(const Subject& subject, Clock::time_point since);
  void closed(const Subject& subject, std::uint64_t connection, const Passed& passed,
              Clock::time_point since, std::string_view reason);
  /// A request to the package cache.
  void asked(const Subject& subject, const Asked& asked);
  void failed(const Subject& subject, std::string_view reason, Clock::time_point since);
  /// Refusals of one kind within a second share some lines, which have their counts: a guest that
  /// asks again and again does not push the rest out of the log.
  void denied(const Subject& subject, std::string_view reason);

  void learn(std::string_view name, std::uint16_t port);
  /// Writes what waits.
  void flush();

 private:
  /// What is denied, why, and the guest's port.
  using Kind =
      std::tuple<network::Protocol, std::string, Endpoint, std::string_view, std::uint16_t>;

  bool has_room_for(const Kind& kind) const;
  void write_repeated();
  void write_learned();

  Loop& loop_;
  UniqueFd directory_;
  network::ConnectionLog log_;
  std::map<Kind, network::LogLine> repeated_;  ///< of this second; count: not yet written
  Loop::Timer repeated_due_;
  network::LearnedNames learned_;
  Loop::Timer learned_due_;
};

}  // namespace pyro::gate
