#include "services/net/gate/journal.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <iterator>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro::gate {
namespace {

constexpr auto kShared = std::chrono::seconds(1);
/// A guest that tries ever new addresses writes each of these at once, and the rest as one.
constexpr std::size_t kMostKinds = 128;
/// Commands that are denied the same at once are told apart by their ports, up to so many.
constexpr std::ptrdiff_t kMostPorts = 8;

std::uint64_t since_ms(Clock::time_point since) {
  return static_cast<std::uint64_t>(elapsed_since(since).count());
}

network::LogLine line_of(const Subject& subject, network::Verdict verdict) {
  network::LogLine line{.verdict = verdict,
                        .protocol = subject.protocol,
                        .name = subject.name,
                        .guest_port = subject.guest_port};
  if (subject.protocol != network::Protocol::kDns) {
    line.address = subject.to.address.text();
    line.port = subject.to.port;
  }
  return line;
}

}  // namespace

Journal::Journal(Loop& loop, const std::filesystem::path& directory)
    : loop_(loop),
      directory_(open_file(directory, O_PATH | O_DIRECTORY)),
      log_(directory),
      learned_(network::read_learned(directory)) {}

Journal::~Journal() { flush(); }

std::uint64_t Journal::opened(const Subject& subject, Clock::time_point since) {
  auto line = line_of(subject, network::Verdict::kOpened);
  line.milliseconds = since_ms(since);
  return log_.append(std::move(line));
}

void Journal::closed(const Subject& subject, std::uint64_t connection, const Passed& passed,
                     Clock::time_point since, std::string_view reason) {
  auto line = line_of(subject, network::Verdict::kClosed);
  line.connection = connection;
  line.bytes_up = passed.up;
  line.bytes_down = passed.down;
  line.milliseconds = since_ms(since);
  line.reason = reason;
  log_.append(std::move(line));
}

void Journal::asked(const Subject& subject, const Asked& asked) {
  // No policy denies what the cache does not serve: npm's report of vulnerabilities, for one.
  const bool served = asked.refused.empty();
  auto line = line_of(subject, served ? network::Verdict::kFetched : network::Verdict::kFailed);
  line.path = asked.path;
  line.reason = asked.refused;
  log_.append(std::move(line));
}

void Journal::failed(const Subject& subject, std::string_view reason, Clock::time_point since) {
  auto line = line_of(subject, network::Verdict::kFailed);
  line.milliseconds = since_ms(since);
  line.reason = reason;
  log_.append(std::move(line));
}

bool Journal::has_room_for(const Kind& kind) const {
  Kind first = kind;
  Kind last = kind;
  std::get<std::uint16_t>(first) = 0;
  std::get<std::uint16_t>(last) = UINT16_MAX;
  return repeated_.contains(kind) ||
         std::distance(repeated_.lower_bound(first), repeated_.upper_bound(last)) < kMostPorts;
}

void Journal::denied(const Subject& subject, std::string_view reason) {
  auto line = line_of(subject, network::Verdict::kDenied);
  line.reason = reason;
  Kind kind{subject.protocol, subject.name, subject.to, reason, subject.guest_port};
  if (!has_room_for(kind)) std::get<std::uint16_t>(kind) = line.guest_port = 0;
  auto found = repeated_.find(kind);
  if (found == repeated_.end() && repeated_.size() >= kMostKinds) {
    // All other names and addresses of this second.
    line.name.clear();
    line.address.clear();
    line.port = line.guest_port = 0;
    kind = {subject.protocol, {}, {}, reason, 0};
    found = repeated_.find(kind);
  }
  if (found == repeated_.end()) {
    log_.append(line);
    line.count = 0;
    repeated_.emplace(std::move(kind), std::move(line));
    if (!repeated_due_.is_set()) {
      repeated_due_ = Loop::Timer(loop_, Clock::now() + kShared, [this] { write_repeated(); });
    }
    return;
  }
  ++found->second.count;
}

void Journal::write_repeated() {
  for (auto& [kind, line] : repeated_) {
    if (line.count > 0) log_.append(std::move(line));
  }
  repeated_.clear();
}

void Journal::learn(std::string_view name, std::uint16_t port) {
  if (name.empty()) return;
  learned_.add(name, port);
  if (learned_due_.is_set()) return;
  learned_due_ = Loop::Timer(loop_, Clock::now() + kShared, [this] { write_learned(); });
}

void Journal::write_learned() {
  try {
    network::write_learned(fmt::format("/proc/self/fd/{}", directory_.get()), learned_);
  } catch (const Error& error) {
    // A full disk: the next second tries again, if more is learnt.
    fmt::print(stderr, "gate: cannot write what was learnt: {}\n", error.message());
  }
}

void Journal::flush() {
  write_repeated();
  if (learned_due_.is_set()) write_learned();
}

}  // namespace pyro::gate
