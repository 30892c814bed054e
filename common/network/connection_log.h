#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/field.h"
#include "common/base/unique_fd.h"

namespace pyro::network {

/// The log in a machine's directory: JSON lines, oldest first. At kMostLogBytes it is renamed to
/// network.log.1, in the place of the one before.
inline constexpr std::string_view kConnectionLog = "network.log";
inline constexpr std::uint64_t kMostLogBytes = 1U << 20U;

enum class Verdict { kOpened, kClosed, kFailed, kDenied, kFetched };
constexpr std::array<std::pair<Verdict, std::string_view>, 5> enum_names(Verdict) {
  return {{{Verdict::kOpened, "opened"},
           {Verdict::kClosed, "closed"},
           {Verdict::kFailed, "failed"},
           {Verdict::kDenied, "denied"},
           {Verdict::kFetched, "fetched"}}};
}

enum class Protocol { kTcp, kUdp, kDns };
constexpr std::array<std::pair<Protocol, std::string_view>, 3> enum_names(Protocol) {
  return {{{Protocol::kTcp, "tcp"}, {Protocol::kUdp, "udp"}, {Protocol::kDns, "dns"}}};
}

/// One line. An allowed connection has two: opened, and closed with its bytes.
struct LogLine {
  std::uint64_t number = 0;
  double time = 0;
  Verdict verdict = Verdict::kDenied;
  Protocol protocol = Protocol::kTcp;
  std::uint64_t connection = 0;
  std::string name;
  std::string address;
  std::uint16_t port = 0;
  std::uint16_t guest_port = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t milliseconds = 0;
  std::string reason;
  std::string path{};
  std::uint64_t count = 1;

  template <class Fields>
  static void describe(Fields& f) {
    f("number", &LogLine::number, "Of the line, from 1, also across rotations and gates.");
    f("time", &LogLine::time, "Seconds since the epoch.");
    f("verdict", &LogLine::verdict,
      "opened, closed (an opened one ended), failed (allowed, but the far side is not to be "
      "reached), denied or fetched (a request to the package cache).");
    f("protocol", &LogLine::protocol, "tcp, udp or dns (a question).");
    f("connection", &LogLine::connection,
      "The number of the line that opened it, for opened and closed; else 0.");
    f("name", &LogLine::name, "The name asked for, or by which the guest learnt the address.");
    f("address", &LogLine::address, "Where it goes; empty for a question.");
    f("port", &LogLine::port, "Where it goes; 0 for a question.");
    f("guest_port", &LogLine::guest_port, "Where it comes from: the guest knows whose it is.");
    f("bytes_up", &LogLine::bytes_up, "From the guest.");
    f("bytes_down", &LogLine::bytes_down, "To the guest.");
    f("milliseconds", &LogLine::milliseconds, "From the guest's first packet to this line.");
    f("reason", &LogLine::reason, "Of denied, failed, and a connection that the gate closed.");
    f("path", &LogLine::path, "Of fetched: what for.");
    f("count", &LogLine::count, "So many of one kind in a second share a line of denied.");
  }
};

/// Appends; one process does. A full disk loses lines and nothing else.
class ConnectionLog {
 public:
  /// Continues the numbers of an existing log.
  explicit ConnectionLog(const std::filesystem::path& directory,
                         std::uint64_t most_bytes = kMostLogBytes);

  /// Sets the line's number; returns it.
  std::uint64_t append(LogLine line) noexcept;
  std::uint64_t next_number() const { return next_; }

 private:
  void rotate() noexcept;

  UniqueFd directory_;
  std::uint64_t most_bytes_;
  UniqueFd file_;
  std::uint64_t size_ = 0;
  std::uint64_t next_ = 1;
};

/// The lines after number `after`, oldest first, at most the last `most`. A missing log is empty; a
/// damaged line is passed over. To follow it, watch the directory and ask again with the last
/// number.
std::vector<LogLine> read_connection_log(const std::filesystem::path& directory,
                                         std::uint64_t after = 0, std::size_t most = SIZE_MAX);

}  // namespace pyro::network
